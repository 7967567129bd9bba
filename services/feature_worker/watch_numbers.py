"""Looks whether the numbers of the streams add up: none missing, and of the outbox none seen that it has not given."""

import asyncio
from collections.abc import Sequence
from typing import Final, NamedTuple

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.feature_worker.errors import NumbersAmiss
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.repeat import repeat
from ordercast.services.shared.telemetry.metrics import WORKER_ABOVE_OUTBOX_SHARDS, WORKER_GAP_STREAMS

# Time (s) between two looks: some three statements a minute more, and before Prometheus asks again.
LOOK_EVERY_S: Final = 5.0
# Streams that /readyz names; the metrics count all.
NAMED: Final = 3

# In one statement, which sees one moment: a number is given in a transaction that commits before its event is published. `given` is
# NULL where nobody knows how many there are, and gaps up to `accepted` are told no more (`resume_streams.py`).
_AMISS: Final = text("""
    WITH seen AS (
        SELECT s.topic, s.partition, s.producer, s.last_sequence, a.first_sequence, a.last_sequence AS ahead_to,
            CASE WHEN s.producer = 'outbox' AND s.topic = 'orders' THEN coalesce(o.last_number, 0) END AS given,
            coalesce(r.missing_up_to, 0) AS accepted
        FROM feature_last_sequences AS s LEFT JOIN feature_sequences_ahead AS a USING (topic, partition, producer)
            LEFT JOIN outbox_shards AS o ON o.shard = s.partition
            LEFT JOIN (
                SELECT topic, partition, producer, max(missing_up_to) AS missing_up_to FROM feature_repairs
                GROUP BY topic, partition, producer
            ) AS r USING (topic, partition, producer)
        WHERE a.first_sequence IS NOT NULL OR (s.producer = 'outbox' AND s.topic = 'orders')
    ), streams AS (
        SELECT topic, partition, producer, last_sequence, given, min(first_sequence) AS ahead_from,
            greatest(last_sequence, max(ahead_to)) AS highest,
            coalesce(bool_or(first_sequence > accepted AND first_sequence <= coalesce(given, first_sequence)), false) AS has_gap,
            coalesce(greatest(last_sequence, max(ahead_to)) > given, false) AS is_above
        FROM seen GROUP BY topic, partition, producer, last_sequence, given
    )
    SELECT * FROM streams WHERE has_gap OR is_above ORDER BY topic, partition, producer
""")


class Amiss(NamedTuple):
    """A stream with numbers that do not add up. `given` is None where no table says how many there are."""

    topic: str
    partition: int
    producer: str
    last_sequence: int
    given: int | None
    ahead_from: int | None
    highest: int
    has_gap: bool
    is_above: bool

    def __str__(self) -> str:
        place = f"{self.topic}/{self.partition} {self.producer}"
        if self.is_above:
            return f"{place}: the number {self.highest} was seen, and the outbox has given {self.given}"
        return f"{place}: numbers are missing from {self.last_sequence + 1} on, and {self.highest} was seen"


async def read_amiss(session: AsyncSession) -> list[Amiss]:
    """The streams whose numbers do not add up."""
    return [Amiss(*row) for row in await session.execute(_AMISS)]


class WatchNumbers:
    """The use case: tells the metrics and /readyz. It stops nothing."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._amiss: Sequence[Amiss] = ()

    async def run(self, stopping: asyncio.Event) -> None:
        """Looks now and every `LOOK_EVERY_S`, until `stopping` is set."""
        await repeat(self, stopping, name="watch-numbers")

    async def __call__(self) -> float:
        """Looks once; how long to wait (s) until the next time."""
        async with self._sessions() as session:
            self._amiss = await read_amiss(session)
        WORKER_GAP_STREAMS.set(sum(stream.has_gap for stream in self._amiss))
        WORKER_ABOVE_OUTBOX_SHARDS.set(sum(stream.is_above for stream in self._amiss))
        return LOOK_EVERY_S

    async def check(self) -> None:
        """For /readyz. Raises NumbersAmiss."""
        if self._amiss:
            named = "; ".join(map(str, self._amiss[:NAMED]))
            more = f"; {len(self._amiss) - NAMED} more" if len(self._amiss) > NAMED else ""
            raise NumbersAmiss(f"{named}{more}: ordercast features resume --dry-run")
