"""Drops the last sequences of streams that are long gone, now and then."""

import asyncio
from typing import Final

from ordercast.services.feature_worker.positions import forget_old_streams
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.repeat import repeat

# Time (s) between two rounds: last sequences are kept for days.
FORGET_EVERY_S: Final = 3_600.0


class ForgetStreams:
    """The use case. It only saves room."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def run(self, stopping: asyncio.Event) -> None:
        """A round now and after each `FORGET_EVERY_S`, until `stopping` is set."""
        await repeat(self, stopping, name="forget-streams")

    async def __call__(self) -> float:
        """One round; how long to wait (s) for the next."""
        async with self._sessions() as session, session.begin():
            await forget_old_streams(session)
        return FORGET_EVERY_S
