"""`ordercast trainings`: what it tells of them, and where no trainer answers."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, cast
from uuid import UUID

import msgspec
import pytest
import typer
from rich.console import Console
from typer.testing import CliRunner

from ordercast.cli.describe_training import worth_of
from ordercast.cli.follow import followed
from ordercast.cli.forecast_table import RETRY_FOR_S
from ordercast.cli.models import table as models_table
from ordercast.cli.options import Context
from ordercast.cli.trainings import app, table
from ordercast.client.errors import ServiceUnreachable
from ordercast.client.training_answers import Judgement, Progress, Training
from ordercast.infra.local.state import StateFolder

if TYPE_CHECKING:
    from ordercast.client.trainer import TrainerApi

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
        ("published", None, "succeeded 2 of 2 v1 published"),
        ("published", "better than the mean", "succeeded 2 of 2 v1 better than the mean"),
        ("rejected", None, "rejected 2 of 2"),
        ("rejected", "no better than the mean", "rejected 2 of 2 no better than the mean"),
        (AS_ASKED, None, f"succeeded 2 of 2 {AS_ASKED}"),
        (AS_ASKED, "better than the mean", f"succeeded 2 of 2 better than the mean; {AS_ASKED}"),
    ],
)
def test_the_list_says_what_a_training_was_worth_and_what_became_of_it(
    verdict: str, quality: str | None, worth: str
) -> None:
    assert " ".join(row_of(verdict, quality).split()).endswith(worth)


@pytest.mark.parametrize(
    ("settings", "again"), [(None, "--recipe demand --publish always"), ({}, "--recipe-file FILE --publish always")]
)
def test_a_rejected_one_is_no_dead_end(settings: dict[str, Any] | None, again: str) -> None:
    rejected = Training(
        UUID(ID),
        "demand",
        1,
        2,
        3,
        4,
        "succeeded",
        Progress(2, 2),
        verdict="rejected",
        verdict_reason="worse than the mean",
        questions={},
        settings=settings,
    )
    told = "\n".join(worth_of(rejected))
    assert "no model, rejected: worse than the mean" in told
    assert f"ordercast trainings show {ID}" in told
    assert f"ordercast train {again}" in told
    assert "--publish" not in "\n".join(worth_of(msgspec.structs.replace(rejected, verdict=AS_ASKED)))


@pytest.mark.parametrize(
    ("publish", "promised"),
    [
        ("always", "goes on, and its model goes live when it succeeds, unless"),
        ("if-better", "goes on, and its model goes live if it is good enough, unless"),
        ("never", "goes on.\n"),
        (None, "goes on.\n"),
    ],
)
async def test_who_leaves_a_training_is_promised_what_was_asked_for(
    publish: str | None, promised: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def left(*_: object) -> Training:
        raise asyncio.CancelledError

    monkeypatch.setattr("ordercast.cli.follow.follow_training", left)
    console, training = Console(width=200), Training(UUID(ID), "demand", 1, 2, 3, 4, "queued", Progress(0, 2))
    asked = msgspec.structs.replace(training, publish=publish)
    context = Context(StateFolder.at(tmp_path), console=console)
    with console.capture() as told, pytest.raises(typer.Exit):
        await followed(context, cast("TrainerApi", None), asked)
    assert promised in told.get()


def test_where_no_version_is_published_it_is_said_where_the_reason_stands() -> None:
    assert "ordercast trainings list" in str(models_table([]))


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
