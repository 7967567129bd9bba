"""Looks at the services again and again, and remembers it for some minutes: a trend takes more than one look.

Looked at faster while somebody reads it. It never fails: a service that does not answer is what it has to tell.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import httpx

from ordercast.services.console.flow.numbers import Numbers
from ordercast.services.console.flow.processes import Processes
from ordercast.services.console.overview.look_at_services import ServiceState, look_at_services
from ordercast.services.shared.process.pause import pause_until

# Between two looks (s) while somebody reads: a feature worker looks at its own lag as often.
READ_EVERY_S: Final = 2.0
UNREAD_EVERY_S: Final = 10.0
# What a trend shows (s).
KEPT_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Look:
    """All services at one moment: `at_s` by a clock that only goes forward."""

    at_s: float
    as_of: datetime
    services: Sequence[ServiceState]
    numbers: Mapping[str, Numbers]


class Watch:
    def __init__(
        self, http: httpx.AsyncClient, processes: Processes, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._http = http
        self._processes = processes
        self._clock = clock
        self._looks: deque[Look] = deque()
        self._readers = 0
        self._asked = asyncio.Event()
        self._looked = asyncio.Event()

    async def run(self, stopping: asyncio.Event) -> None:
        """Looks until `stopping` is set."""
        while not stopping.is_set():
            self._asked.clear()
            await self.look()
            await pause_until((stopping, self._asked), READ_EVERY_S if self._readers else UNREAD_EVERY_S)

    async def look(self) -> None:
        """Looks once."""
        await self._processes.find()
        services = await look_at_services(self._http, self._processes.now())
        look = Look(self._clock(), datetime.now(UTC), services, {each.name: each.numbers for each in services})
        while self._looks and self._looks[0].at_s < look.at_s - KEPT_S:
            self._looks.popleft()
        self._looks.append(look)
        looked, self._looked = self._looked, asyncio.Event()
        looked.set()

    async def looks(self) -> Sequence[Look]:
        """All that is remembered, the newest as the last: not older than a reader waits for."""
        if not self._looks or self._looks[-1].at_s < self._clock() - READ_EVERY_S:
            await self.look()
        return tuple(self._looks)

    async def followed(self, stopping: asyncio.Event) -> AsyncGenerator[Sequence[Look]]:
        """What is remembered now, and again after each look, until `stopping` is set."""
        self._readers += 1
        self._asked.set()
        try:
            while not stopping.is_set():
                looked = self._looked  # before what it brings is read: none is missed
                yield await self.looks()
                await pause_until((looked, stopping), UNREAD_EVERY_S)
        finally:
            self._readers -= 1
