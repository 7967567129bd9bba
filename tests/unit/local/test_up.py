"""How `ordercast up` hears that it should end."""

import asyncio
import os
import signal

import pytest

from ordercast.cli.up import STOP_SIGNALS, cancelled_by_signals


@pytest.mark.parametrize("number", STOP_SIGNALS)
async def test_a_signal_cancels_the_work_and_a_second_one_its_orderly_end(number: int) -> None:
    ends: list[str] = []

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

    with pytest.raises(asyncio.CancelledError):
        await asyncio.create_task(work())
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
