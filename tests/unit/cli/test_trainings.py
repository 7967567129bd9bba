"""`ordercast trainings`: what it tells of them, and where no trainer answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from rich.console import Console
from typer.testing import CliRunner

from ordercast.cli.forecast_table import RETRY_FOR_S
from ordercast.cli.trainings import app, table
from ordercast.client.errors import ServiceUnreachable
from ordercast.client.training_answers import Judgement, Progress, Training

AS_ASKED = "not published, as asked"
ID = "00000000-0000-0000-0000-000000000001"


def row_of(verdict: str, quality: str | None = None) -> str:
    """The words of the row of a training that ended with this verdict."""
    judgement = Judgement(quality, "because", 0, 1.0, 1.0, 0.0, 0.0, 0.0, 9.0) if quality else None
    version = "v1" if verdict == "published" else None
    training = Training(
        UUID(ID), "demand", 1, 2, 3, 4, "succeeded", Progress(2, 2), None, version, judgement=judgement, verdict=verdict
    )
    console = Console(width=200)
    with console.capture() as told:
        console.print(table([training]))
    return told.get().splitlines()[-1]


@pytest.mark.parametrize(
    ("verdict", "quality", "worth"),
    [
        ("published", None, "v1 published"),
        ("published", "better than the mean", "v1 better than the mean"),
        ("rejected", "no better than the mean", "no better than the mean; rejected"),
        (AS_ASKED, None, AS_ASKED),
        (AS_ASKED, "better than the mean", f"better than the mean; {AS_ASKED}"),
    ],
)
def test_the_list_says_what_a_training_was_worth_and_what_became_of_it(
    verdict: str, quality: str | None, worth: str
) -> None:
    assert " ".join(row_of(verdict, quality).split()).endswith(f"2 of 2 {worth}")


@pytest.mark.parametrize("arguments", [("list",), ("show", ID)])
def test_who_only_looks_waits_no_longer_than_at_other_commands(
    arguments: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not the 40 s, without a word, in which a client that has work to do tries again."""
    waited: list[float] = []

    async def away(_: Any) -> Any:
        raise ServiceUnreachable("nothing answers")

    @asynccontextmanager
    async def open_access(_: Any, *, retry_for_s: float) -> AsyncIterator[Any]:
        waited.append(retry_for_s)
        yield SimpleNamespace(admin=SimpleNamespace(trainer=SimpleNamespace(newest=away, get=away)))

    monkeypatch.setattr("ordercast.cli.trainings.open_access", open_access)
    result = CliRunner().invoke(app, [*arguments, "--against", "http://127.0.0.1:1"])
    assert (result.exit_code, waited) == (1, [RETRY_FOR_S])
    assert "nothing answers" in result.stderr


@pytest.mark.parametrize("name", ["follow", "cancel"])
def test_what_goes_on_for_long_looks_first_whether_a_trainer_answers(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    async def expect(service: str) -> None:
        asked.append(service)
        raise ServiceUnreachable("nothing answers")

    @asynccontextmanager
    async def open_access(_: Any) -> AsyncIterator[Any]:
        yield SimpleNamespace(expect=expect)

    monkeypatch.setattr("ordercast.cli.trainings.open_access", open_access)
    result = CliRunner().invoke(app, [name, ID, "--against", "http://127.0.0.1:1"])
    assert (result.exit_code, asked) == (1, ["trainer"])
    assert "nothing answers" in result.stderr
