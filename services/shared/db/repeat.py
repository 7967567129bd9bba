"""Work that is done again and again beside a service, and waits while the database is away."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from ordercast.first_line import first_line
from ordercast.services.shared.db.unavailable import is_unavailable
from ordercast.services.shared.process.pause import pause

log = structlog.stdlib.get_logger()

# After a try that failed (s): a database that restarts is back within a few.
RETRY_S: Final = 1.0


async def repeat(work: Callable[[], Awaitable[float]], stopping: asyncio.Event, *, name: str) -> None:
    """Does `work` until `stopping` is set, with a pause of as many seconds as it returns after each time.

    While the database is away the work is tried again every `RETRY_S`. Any other error of the work ends the loop.
    """
    while not stopping.is_set():
        try:
            seconds = await work()
        except Exception as error:
            if not is_unavailable(error):
                raise
            log.warning("waiting for the database", work=name, cause=first_line(error))
            seconds = RETRY_S
        await pause(stopping, seconds)
