"""A pause ends with its time or with the stop, whichever comes first."""

import asyncio

from ordercast.services.shared.process.pause import pause


async def test_a_pause_ends_after_its_time() -> None:
    stopping = asyncio.Event()
    await asyncio.wait_for(pause(stopping, 0.001), 10)
    assert not stopping.is_set()


async def test_a_stop_ends_a_pause_at_once() -> None:
    stopping = asyncio.Event()
    pausing = asyncio.create_task(pause(stopping, 3_600))
    await asyncio.sleep(0)
    stopping.set()
    await asyncio.wait_for(pausing, 10)


async def test_nobody_waits_after_a_stop() -> None:
    stopping = asyncio.Event()
    stopping.set()
    await asyncio.wait_for(pause(stopping, 3_600), 10)
