"""How `ordercast up` reads its options, and hears that it should end."""

import asyncio
import os
import signal
from pathlib import Path

import pytest
from typer.testing import CliRunner

from ordercast.cli import app
from ordercast.cli.up import STOP_SIGNALS, cancelled_by_signals
from tests.support.offsets import free_offset


@pytest.mark.parametrize("number", STOP_SIGNALS)
async def test_a_signal_cancels_the_work_and_a_second_one_its_orderly_end(number: int) -> None:
    ends: list[str] = []
    before = signal.signal(number, signal.SIG_DFL)  # the tests themselves may run under nohup

    async def work() -> None:
        with cancelled_by_signals():
            try:
                os.kill(os.getpid(), number)
                await asyncio.sleep(10)
            finally:
                ends.append("first")
                try:
                    os.kill(os.getpid(), number)
                    await asyncio.sleep(10)
                finally:
                    ends.append("second")

    try:
        with pytest.raises(asyncio.CancelledError):
            await asyncio.create_task(work())
    finally:
        signal.signal(number, before)
    assert ends == ["first", "second"]


async def test_after_nohup_a_closed_terminal_ends_nothing() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with cancelled_by_signals():
            os.kill(os.getpid(), signal.SIGHUP)
            await asyncio.sleep(0.05)
        assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_without_a_prometheus_on_the_machine_it_says_how_to_get_one_and_starts_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    offset = str(free_offset())
    result = CliRunner().invoke(app, ["up", "--with-prometheus", "--state", str(tmp_path), "--port-offset", offset])
    assert result.exit_code == 1
    assert "error: there is no program `prometheus` on this machine's PATH" in result.stderr
    assert "apt-get install prometheus" in result.stderr
    assert not (tmp_path / "postgres").exists()
