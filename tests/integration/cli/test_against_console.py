"""`ordercast status` and `doctor` about a console of a system that somebody else runs: there may be none."""

from dataclasses import replace

import pytest

from ordercast.cli.status import remote_status
from ordercast.infra.local.finding import Finding
from ordercast.system.examine_remote import examine_remote
from ordercast.system.remote import RemoteSystem, remote_system
from tests.support.console_services import NOBODY, Shop, console_of


async def of_console(system: RemoteSystem) -> Finding:
    return next(iter([finding async for finding in examine_remote(system) if finding.check == "console"]))


async def listed(system: RemoteSystem) -> dict[str, bool]:
    return {each.name: each.healthy for each in (await remote_status(system)).processes if each.name == "console"}


async def test_a_console_that_runs_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    async with console_of(Shop()) as address:
        monkeypatch.setenv("ORDERCAST_CONSOLE_URL", address)
        system = remote_system(NOBODY)
        assert (await of_console(system)).healthy
        assert await listed(system) == {"console": True}
        beside = replace(system, guessed=frozenset({"console"}))
        assert (await of_console(beside)).detail == address


async def test_one_that_was_named_and_is_away_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ORDERCAST_CONSOLE_URL", NOBODY)
    system = remote_system(NOBODY)
    found = await of_console(system)
    assert not found.healthy
    assert "ORDERCAST_CONSOLE_URL" in found.hint
    assert await listed(system) == {"console": False}


async def test_a_system_without_one_is_healthy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ORDERCAST_CONSOLE_URL", raising=False)
    system = remote_system(NOBODY)
    assert (await of_console(system)).healthy
    assert await listed(system) == {}
