"""A pause that a stop, or something else that happens, cuts short."""

import asyncio
from collections.abc import Collection


async def pause(stopping: asyncio.Event, seconds: float) -> None:
    """Returns after the time, or as soon as `stopping` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return


async def pause_until(events: Collection[asyncio.Event], seconds: float) -> None:
    """Returns after the time, or as soon as one of the events is set."""
    waiting = [asyncio.create_task(event.wait()) for event in events]
    try:
        await asyncio.wait(waiting, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in waiting:
            task.cancel()
