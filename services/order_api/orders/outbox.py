"""The outbox: events written in the transaction of what they tell of, numbered densely in commit order."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from services.order_api.errors import PartitionsChanged
from services.order_api.orders.tables import OutboxLease, OutboxShard
from services.shared.contracts.envelope import encode_body
from services.shared.contracts.events import TYPE_NAMES, OrderCancelled, OrderConfirmed, OrderPlaced
from services.shared.contracts.topics import partition_of

OrderEvent = OrderPlaced | OrderConfirmed | OrderCancelled

# Locks the counters in one order everywhere, so that two transactions never wait for each other.
_TAKE_NUMBERS: Final = text("""
    WITH wanted AS (
        SELECT * FROM unnest(CAST(:shards AS bigint[]), CAST(:counts AS bigint[])) AS w (shard, count)
    ), locked AS (
        SELECT shard FROM outbox_shards WHERE shard = ANY (CAST(:shards AS bigint[])) ORDER BY shard FOR UPDATE
    )
    UPDATE outbox_shards AS s SET last_number = s.last_number + wanted.count
    FROM locked JOIN wanted USING (shard) WHERE s.shard = locked.shard
    RETURNING s.shard, s.last_number
""")
_APPEND: Final = text("""
    INSERT INTO outbox (shard, number, event_id, event_type, account_id, occurred_at, body, traceparent)
    SELECT * FROM unnest(
        CAST(:shards AS bigint[]), CAST(:numbers AS bigint[]), CAST(:ids AS uuid[]), CAST(:types AS text[]),
        CAST(:accounts AS bigint[]), CAST(:times AS timestamptz[]), CAST(:bodies AS bytea[]), CAST(:traces AS text[])
    )
""")


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An event that is to be published once the transaction has committed."""

    id: UUID
    occurred_at: datetime
    event: OrderEvent
    traceparent: str | None = None


async def append_to_outbox(session: AsyncSession, events: Sequence[PendingEvent], partitions: int) -> None:
    """Numbers the events and writes them. Holds the shards' counters until the commit, so call it last."""
    by_shard: dict[int, list[PendingEvent]] = defaultdict(list)
    for event in events:
        by_shard[partition_of(event.event.account_id, partitions)].append(event)
    if not by_shard:
        return
    counts = {"shards": list(by_shard), "counts": [len(group) for group in by_shard.values()]}
    last_numbers = {row.shard: row.last_number for row in await session.execute(_TAKE_NUMBERS, counts)}
    rows = [
        (shard, last_numbers[shard] - len(group) + position, event)
        for shard, group in by_shard.items()
        for position, event in enumerate(group, start=1)
    ]
    await session.execute(
        _APPEND,
        {
            "shards": [shard for shard, _, _ in rows],
            "numbers": [number for _, number, _ in rows],
            "ids": [row.id for _, _, row in rows],
            "types": [TYPE_NAMES[type(row.event)] for _, _, row in rows],
            "accounts": [row.event.account_id for _, _, row in rows],
            "times": [row.occurred_at for _, _, row in rows],
            "bodies": [encode_body(row.event) for _, _, row in rows],
            "traces": [row.traceparent for _, _, row in rows],
        },
    )


async def create_shards(session: AsyncSession, partitions: int) -> None:
    """Makes the counters of a new system.

    Raises:
        PartitionsChanged: the system was made with another number of partitions, which cannot change: an account would
            move to another partition, and its events would lose their order.
    """
    shards = [{"shard": shard} for shard in range(partitions)]
    await session.execute(insert(OutboxShard).on_conflict_do_nothing(), shards)
    await session.execute(insert(OutboxLease).on_conflict_do_nothing(), shards)
    count = (await session.execute(text("SELECT count(*) FROM outbox_shards"))).scalar_one()
    if count != partitions:
        raise PartitionsChanged(f"this system has {count} partitions, ORDERCAST_PARTITIONS says {partitions}")
