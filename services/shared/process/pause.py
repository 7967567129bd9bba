"""A pause that a stop cuts short."""

import asyncio


async def pause(stopping: asyncio.Event, seconds: float) -> None:
    """Returns after the time, or as soon as `stopping` is set."""
    try:
        async with asyncio.timeout(seconds):
            await stopping.wait()
    except TimeoutError:
        return
