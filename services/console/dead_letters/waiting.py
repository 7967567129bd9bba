"""How many refused events wait for somebody, as order_api knows it: asked rarely, for whoever reads a page."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from ordercast.client import Client
from ordercast.services.console import parts
from ordercast.services.console.dead_letters.read_letters import KAFKA_DEADLINE_S
from ordercast.services.console.errors import LoggedOut
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
    """One answer for all readers. Whoever comes while it is asked for waits for that, together no longer than for a part of a page;
    Kafka may take longer, and the answer is there for the next one. Each asks with an account of its own, so that a log-in that has
    ended ends no other's page."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._asking: asyncio.Task[Waiting | Missing | None] | None = None
        self._began_s = 0.0
        self._found: Waiting | Missing | None = None
        self._until_s = 0.0
        # Also those whose answer is of before something was done: they are kept until they end.
        self._tasks = set[asyncio.Task[Waiting | Missing | None]]()

    async def read(self, client: Client) -> Waiting | Missing:
        """Raises:
        LoggedOut: the account's tokens are good no longer.
        """
        while self._found is None or self._clock() >= self._until_s:
            is_own = self._asking is None
            asking = self._asking or self._ask(client)
            try:
                async with asyncio.timeout(self._began_s + parts.PART_DEADLINE_S - self._clock()):
                    found = await asyncio.shield(asking)
            except TimeoutError:
                # What was known a moment ago says more than nothing.
                known = self._found if isinstance(self._found, Waiting) else None
                return known or Missing("order_api", parts.no_answer_within(parts.PART_DEADLINE_S))
            if found is not None:
                return found
            if is_own:
                raise LoggedOut
        return self._found

    def forget(self) -> None:
        """What was known holds no longer, nor what is asked for: something was done with one."""
        self._found = self._asking = None

    def _ask(self, client: Client) -> asyncio.Task[Waiting | Missing | None]:
        asking = asyncio.create_task(_answer(client))
        self._asking, self._began_s = asking, self._clock()
        self._tasks.add(asking)
        asking.add_done_callback(self._keep)
        return asking

    def _keep(self, asked: asyncio.Task[Waiting | Missing | None]) -> None:
        self._tasks.discard(asked)
        if asked is not self._asking:
            return
        self._asking = None
        if not asked.cancelled() and asked.exception() is None and (found := asked.result()) is not None:
            self._found, self._until_s = found, self._clock() + HOLDS_S


async def _answer(client: Client) -> Waiting | Missing | None:
    """None: the account's tokens are good no longer."""
    try:
        page = await ask("order_api", client.dead_letters.page(state=WAITING, limit=MOST), within_s=KAFKA_DEADLINE_S)
    except LoggedOut:
        return None
    return page if isinstance(page, Missing) else Waiting(len(page.data), page.has_more)
