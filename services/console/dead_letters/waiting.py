"""How many refused events wait for somebody, as order_api knows it: asked rarely, for whoever reads a page."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ordercast.client import Client
from ordercast.services.console.parts import Missing, ask

# How long (s) an answer holds: order_api reads the newest records of the topic for each.
HOLDS_S: Final = 15.0
# So many are counted; beyond that it is only told that there are more.
MOST: Final = 100
WAITING: Final = "waiting"


@dataclass(frozen=True, slots=True)
class Waiting:
    """`count` of those that wait, or of the first of them, if there are `more`."""

    count: int
    more: bool = False

    def __str__(self) -> str:
        return f"{self.count}+" if self.more else str(self.count)


class WaitingLetters:
    """One answer for all readers. Whoever comes while it is asked for waits for that; each asks with an account of its own, so
    that a log-in that has ended ends no other's page."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asking = asyncio.Lock()
        self._found: Waiting | Missing | None = None
        self._until_s = 0.0
        self._forgotten = 0

    async def read(self, client: Client) -> Waiting | Missing:
        """Raises:
        LoggedOut: the account's tokens are good no longer.
        """
        async with self._asking:
            if self._found is None or self._clock() >= self._until_s:
                forgotten = self._forgotten
                page = await ask("order_api", client.dead_letters.page(state=WAITING, limit=MOST))
                self._found = page if isinstance(page, Missing) else Waiting(len(page.data), page.has_more)
                # Where something was done with one meanwhile, this is of before.
                self._until_s = self._clock() + HOLDS_S if forgotten == self._forgotten else 0.0
            return self._found

    def forget(self) -> None:
        """What was known holds no longer: something was done with one."""
        self._found = None
        self._forgotten += 1
