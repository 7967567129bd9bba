"""Batches are computed one after the other: at once they would take Python's lock from each other and from the event loop, where
all others wait, and none would be ready sooner."""

import asyncio
from types import TracebackType
from typing import Final

from ordercast.contracts.because import sentence
from ordercast.services.predictor.errors import TooManyBatches

# Batches that wait for the one that is computed. Each takes up to half a second: more is a flood, and gets 503.
MOST_WAITING: Final = 16


class OneBatch:
    """Held by one batch while it is computed and encoded. What waits for anything else, the database above all, waits before."""

    def __init__(self) -> None:
        self._turn = asyncio.Lock()
        self._present = 0  # the one that is computed, and those that wait

    async def __aenter__(self) -> None:
        """Waits for its turn.

        Raises:
            TooManyBatches: too many wait already.
        """
        if self._present > MOST_WAITING:
            raise TooManyBatches(sentence("too-many-batches"))
        self._present += 1
        try:
            await self._turn.acquire()
        except BaseException:  # its client has gone away
            self._present -= 1
            raise

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._turn.release()
        self._present -= 1
