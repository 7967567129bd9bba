"""Lets Kafka forget erased nicknames in time: a day later each erasure is followed by another event in its partition.

Kafka compacts no segment that it still writes, and begins another one only when an event comes: in a quiet partition a name would
stay for as long as nobody signs up there. The event says of an erased account once more that it has no name.
"""

import asyncio
from datetime import timedelta
from typing import Final

from sqlalchemy import text

from ordercast.contracts.topics import COMPACTED_AFTER
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.repeat import repeat

INTERVAL_S: Final = 600.0
# An event this long after the erasure begins another segment for certain: whatever came into the one before came earlier. An hour
# more than Kafka needs, because times of events are those of commits that began, which may overtake each other.
FOLLOWED_AFTER: Final = COMPACTED_AFTER + timedelta(hours=1)

# While events of the partition wait, the erasure's own may be among them: a batch with both would begin no segment in between.
# Streams are locked in the order in which relays lock them. `now()`: an index is of no use with a clock that goes on meanwhile.
_FOLLOW: Final = text("""
    WITH streams AS (
        SELECT partition, coalesce(erasures_until, '-infinity') AS until FROM state_streams
        WHERE topic = 'accounts' ORDER BY partition FOR UPDATE
    ),
    erased AS (
        SELECT s.partition, max(a.erased_at) AS until, max(a.id) AS key
        FROM streams s JOIN accounts a ON a.id % :partitions = s.partition
        WHERE a.erased_at > s.until AND a.erased_at <= now() - CAST(:after AS interval)
            AND NOT EXISTS (
                SELECT FROM state_outbox o WHERE o.topic = 'accounts' AND o.key % :partitions = s.partition
            )
        GROUP BY s.partition
    ),
    followed AS (
        UPDATE state_streams s SET erasures_until = erased.until FROM erased
        WHERE s.topic = 'accounts' AND s.partition = erased.partition
        RETURNING erased.key
    )
    INSERT INTO state_outbox (topic, key, event_type, state, occurred_at)
    SELECT 'accounts', key, 'ordercast.account.changed.v1', '{"nickname": null}', clock_timestamp() FROM followed
    RETURNING key
""")


async def follow_erasures(sessions: Sessions, partitions: int, stopping: asyncio.Event) -> None:
    """Now and then, until `stopping` is set. Every relay does it; one event comes of it."""

    async def follow() -> float:
        await follow_once(sessions, partitions=partitions)
        return INTERVAL_S

    await repeat(follow, stopping, name="follow-erasures")


async def follow_once(sessions: Sessions, *, partitions: int, after: timedelta = FOLLOWED_AFTER) -> int:
    """How many partitions get an event."""
    async with sessions() as session, session.begin():
        return len((await session.execute(_FOLLOW, {"partitions": partitions, "after": after})).all())
