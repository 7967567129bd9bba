"""The word that something was committed to the outbox: PostgreSQL's NOTIFY, heard on a connection that does nothing else.

It is a hint. Whoever waits for it looks by itself now and then as well, so a word that is lost costs a moment.
"""

import asyncio
from functools import partial
from typing import Any, Final

from ordercast.services.order_api.orders.outbox import CHANNEL
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.repeat import repeat
from ordercast.services.shared.process.pause import pause_until

# Between two questions (s) whether the connection is still there: one that the network cut off says nothing.
ASK_EVERY_S: Final = 30.0
# A database that does not answer such a question by then (s) counts as gone.
ASK_DEADLINE_S: Final = 5.0


class OutboxSignal:
    """Owns `committed` and sets it at each commit to the outbox; the one that waits for it clears it before each look."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self.committed = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        """Listens until `stopping` is set, and again after each loss of the connection."""
        await repeat(partial(self._listen, stopping), stopping, name="outbox-signal")

    async def _listen(self, stopping: asyncio.Event) -> float:
        lost = asyncio.Event()
        async with self._sessions() as session:
            # The driver's own connection: what SQLAlchemy runs stands in a transaction, and those hear nothing.
            connection: Any = (await (await session.connection()).get_raw_connection()).driver_connection
            try:
                connection.add_termination_listener(lambda _: lost.set())
                await connection.add_listener(CHANNEL, lambda *_: self.committed.set())
                self.committed.set()  # for what was committed before
                while not stopping.is_set():
                    await pause_until((stopping, lost), ASK_EVERY_S)
                    if lost.is_set() or connection.is_closed():
                        raise ConnectionError("the connection that hears of new events was lost")
                    await connection.fetchval("SELECT 1", timeout=ASK_DEADLINE_S)
            finally:
                await session.invalidate()
        return 0.0
