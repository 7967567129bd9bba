"""Work that goes on beside a service's HTTP side for as long as the process lives."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager


@asynccontextmanager
async def running_beside(work: Callable[[asyncio.Event], Awaitable[None]], *, name: str) -> AsyncIterator[None]:
    """Runs `work(stopping)` as a task; on the way out sets `stopping` and waits for it to return.

    When the work fails the process stops in order, as if it had been asked to, and the error is raised here at the end: a
    process that no longer does its work must not look alive.
    """
    stopping = asyncio.Event()

    async def run() -> None:
        try:
            await work(stopping)
        finally:
            if not stopping.is_set():
                signal.raise_signal(signal.SIGTERM)

    task = asyncio.create_task(run(), name=name)
    try:
        yield
    finally:
        stopping.set()
        await task
