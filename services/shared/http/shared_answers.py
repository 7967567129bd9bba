"""Answers that many ask for at once: made once, and good for a moment."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Final, Generic, TypeVar

# A second (s): nobody sees the difference, and however many ask, the database is asked once.
KEPT_S: Final = 1.0
# A page of 100 products takes 0.1 MB.
MAX_KEPT: Final = 100

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class _Made(Generic[Answer]):
    """An answer, when it was begun, and until when it is good."""

    began_s: float
    until_s: float
    answer: Answer


@dataclass(slots=True)
class _Kept(Generic[Answer]):
    newest: _Made[Answer] | None = None
    making: asyncio.Lock = field(default_factory=asyncio.Lock)

    def keep(self, made: _Made[Answer]) -> _Made[Answer]:
        """What is there then: one that was begun later and ended sooner stays."""
        if self.newest is None or made.began_s >= self.newest.began_s:
            self.newest = made
        return self.newest


class SharedAnswers(Generic[Answer]):
    """Answers by what was asked. They are shared, so nobody may change one.

    Each is kept until `kept_s` after it was begun, so that it tells nothing older, or if that is later for `kept_times` as long as
    it took to make, but no longer than `most_s`. One that is kept for longer than anybody would notice says itself of when it is.
    """

    def __init__(
        self,
        kept_s: float = KEPT_S,
        clock: Callable[[], float] = time.monotonic,
        *,
        max_kept: int = MAX_KEPT,
        kept_times: float = 0.0,
        most_s: float = math.inf,
    ) -> None:
        self._kept_s = kept_s
        self._kept_times = kept_times
        self._most_s = most_s
        self._max_kept = max_kept
        self._clock = clock
        self._kept: dict[Hashable, _Kept[Answer]] = {}

    async def get(self, asked: Hashable, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """The answer that is there, or the one of `make`, for which others with the same question wait. An error is not kept."""
        kept = self._kept_of(asked)
        async with kept.making:
            made = kept.newest
            if made is None or self._clock() >= made.until_s:
                made = kept.keep(await self._make(make))
            return made.answer

    async def renew(self, asked: Hashable, make: Callable[[], Awaitable[Answer]]) -> Answer:
        """Makes the answer before anybody waits for it: meanwhile others get the one that is there."""
        kept = self._kept_of(asked)  # before it is begun: `forget` holds
        return kept.keep(await self._make(make)).answer

    def _kept_of(self, asked: Hashable) -> _Kept[Answer]:
        kept = self._kept.get(asked)
        if kept is None:
            if len(self._kept) >= self._max_kept:
                del self._kept[next(iter(self._kept))]
            kept = self._kept[asked] = _Kept()
        return kept

    async def _make(self, make: Callable[[], Awaitable[Answer]]) -> _Made[Answer]:
        began = self._clock()
        answer = await make()
        ended = self._clock()
        longer_s = min(self._most_s, self._kept_times * (ended - began))
        return _Made(began, max(began + self._kept_s, ended + longer_s), answer)

    def forget(self) -> None:
        """What was asked for is not as it was: who asks from now on gets nothing that was begun before."""
        self._kept.clear()
