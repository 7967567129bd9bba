"""Up to when the worker has counted what was ordered: the age of features is that of what is in them, not of a look at them."""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

# Looks that are waited for: over half an hour of one every two seconds. Beyond that every second one goes.
MAX_LOOKS: Final = 1_024

# An order's event is numbered in the order's own transaction, so the numbers of the shards are all that was acknowledged. Where
# numbers are missing and a later one was seen, no more is to be waited for. By primary keys, a row or two for each shard.
_NUMBERS: Final = text("""
    SELECT given.shard, given.last_number AS given, greatest(
        coalesce(f.last_sequence, 0),
        (SELECT max(a.last_sequence) FROM feature_sequences_ahead a
            WHERE (a.topic, a.partition, a.producer) = ('orders', given.shard, 'outbox'))
    ) AS counted
    FROM outbox_shards AS given
    LEFT JOIN feature_last_sequences AS f ON (f.topic, f.partition, f.producer) = ('orders', given.shard, 'outbox')
""")
_COUNTED_LAST: Final = text("SELECT max(updated_at) FROM feature_positions WHERE topic IN ('orders', 'views')")


@dataclass(frozen=True, slots=True)
class Numbers:
    """By shard: the last number that an order's event was given, and the last that the worker has counted."""

    given: Mapping[int, int]
    counted: Mapping[int, int]


async def read_numbers(session: AsyncSession) -> Numbers:
    rows = (await session.execute(_NUMBERS)).all()
    return Numbers({row.shard: row.given for row in rows}, {row.shard: row.counted for row in rows})


async def read_counted_last(session: AsyncSession) -> datetime | None:
    """When the worker last counted anything; None: never."""
    counted: datetime | None = (await session.execute(_COUNTED_LAST)).scalar_one()
    return counted


@dataclass(slots=True)
class CountedUntil:
    """Remembers what had been given at each look, until it is counted."""

    _waiting: deque[tuple[datetime, Mapping[int, int]]] = field(default_factory=deque)

    def look(self, seen_at: datetime, numbers: Numbers) -> datetime | None:
        """The last look up to which all is counted by now; None: of no look since the one before is all counted."""
        self._waiting.append((seen_at, numbers.given))
        until = None
        while self._waiting and _all_counted(self._waiting[0][1], numbers.counted):
            until, _ = self._waiting.popleft()
        if len(self._waiting) > MAX_LOOKS:
            self._waiting = deque(list(self._waiting)[::2])
        return until


def _all_counted(given: Mapping[int, int], counted: Mapping[int, int]) -> bool:
    return all(counted.get(shard, 0) >= number for shard, number in given.items())
