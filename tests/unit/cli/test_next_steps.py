"""An error that says nothing of what to do gets a next step from the command."""

import errno
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ordercast.cli.next_steps import LISTED_BY, in_words, next_step
from ordercast.cli.options import Context, command, one_command
from ordercast.client.errors import ProblemAnswer, ServiceUnreachable
from ordercast.services.shared.problem_types.catalogue import CATALOGUE

HERE = " --state shop"


def no_such_key() -> ProblemAnswer:
    return ProblemAnswer(404, "api-key-not-found", "There is no such API key", "there is no API key 77")


def test_what_there_is_not_leads_to_what_there_is() -> None:
    assert next_step(no_such_key(), HERE) == "what there is: ordercast api-keys list --state shop"
    assert set(CATALOGUE) >= set(LISTED_BY)


def test_a_key_that_is_refused_is_named_by_its_variable(monkeypatch: pytest.MonkeyPatch) -> None:
    refused = ProblemAnswer(401, "not-authenticated", "A valid access token is needed", "the API key is not valid")
    assert next_step(refused, "") == ""
    monkeypatch.setenv("ORDERCAST_API_KEY", "oc_1_wrong")
    assert "ORDERCAST_API_KEY" in next_step(refused, "")


def test_a_url_of_a_webhook_that_is_refused_leads_to_the_setting_that_allows_it() -> None:
    refused = ProblemAnswer(422, "webhook-url-refused", "Nothing is sent to this URL", "the URL must begin with https")
    assert "ORDERCAST_WEBHOOK_PRIVATE_ADDRESSES=true" in next_step(refused, "")


def test_where_nothing_answers_status_says_what_runs() -> None:
    away = ServiceUnreachable("nothing answers")
    assert next_step(away, " --against http://shop:8000").endswith("ordercast status --against http://shop:8000")


@pytest.mark.parametrize(("number", "says"), [(errno.EACCES, "another place"), (errno.ENOSPC, "make room"), (5, "")])
def test_a_file_that_cannot_be_written_is_named_without_the_number_of_the_error(number: int, says: str) -> None:
    error = OSError(number, "Permission denied", "out")
    assert in_words(error) == "out: Permission denied"
    assert says in next_step(error, "") if says else not next_step(error, "")


def test_the_command_says_it_with_its_own_state(tmp_path: Path) -> None:
    app = one_command()

    @app.command()
    @command(expected=(ProblemAnswer,))
    async def revoke(_: Context) -> None:
        raise no_such_key()

    result = CliRunner().invoke(app, ["--state", str(tmp_path)])
    assert result.exit_code == 1
    assert result.stderr == (
        f"error: there is no API key 77\nhint: what there is: ordercast api-keys list --state {tmp_path}\n"
    )
