"""`ordercast` itself: what it says of options that belong to its commands."""

import pytest
from typer.testing import CliRunner

from ordercast.cli import app


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--port-offset", "20", "status"), "as in `ordercast status --port-offset N`"),
        (("--state", "elsewhere", "train"), "as in `ordercast status --state DIR`"),
        (("--json", "verify"), "as in `ordercast status --json`"),
    ],
)
def test_an_option_of_the_commands_is_told_where_it_goes(arguments: tuple[str, ...], said: str) -> None:
    result = CliRunner().invoke(app, [*arguments], terminal_width=200)
    assert result.exit_code == 2
    assert said in " ".join(result.stderr.replace("│", " ").split())


def test_an_option_that_there_is_nowhere_is_none() -> None:
    result = CliRunner().invoke(app, ["--nothing", "status"])
    assert result.exit_code == 2
    assert "behind" not in result.stderr
