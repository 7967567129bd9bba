"""Drops the marks of producers that are long gone, now and then."""

import asyncio
from typing import Final

import structlog

from ordercast.services.feature_worker.positions import drop_old_marks
from ordercast.services.feature_worker.watchdog import wait_for
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.unavailable import is_unavailable

log = structlog.stdlib.get_logger()

# Time (s) between two rounds: marks are kept for days.
FORGET_EVERY_S: Final = 3_600.0


class ForgetStreams:
    """The use case. It only saves room, so while the database is away it waits for the next round."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def run(self, stopping: asyncio.Event) -> None:
        """A round now and after each `FORGET_EVERY_S`, until `stopping` is set."""
        while not stopping.is_set():
            try:
                await self()
            except Exception as error:
                if not is_unavailable(error):
                    raise
                log.warning("old marks were not dropped", reason=str(error).partition("\n")[0])
            await wait_for(stopping, FORGET_EVERY_S)

    async def __call__(self) -> None:
        async with self._sessions() as session, session.begin():
            await drop_old_marks(session)
