"""`ordercast trainings` where no trainer answers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from typer.testing import CliRunner

from ordercast.cli.forecast_table import RETRY_FOR_S
from ordercast.cli.trainings import app
from ordercast.client.errors import ServiceUnreachable

ID = "00000000-0000-0000-0000-000000000001"


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
