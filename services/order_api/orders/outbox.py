"""The outbox: events written in the transaction of what they tell of, numbered densely in commit order."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.envelope import encode_body
from ordercast.contracts.events import TYPE_NAMES, OrderCancelled, OrderConfirmed, OrderPlaced
from ordercast.contracts.topics import partition_of

OrderEvent = OrderPlaced | OrderConfirmed | OrderCancelled

# Sorted by shard, so that every transaction locks the counters in the same order and none waits in a circle.
_TAKE_NUMBERS: Final = text("""
    INSERT INTO outbox_shards AS s (shard, last_number)
    SELECT * FROM unnest(CAST(:shards AS bigint[]), CAST(:counts AS bigint[]))
    ON CONFLICT (shard) DO UPDATE SET last_number = s.last_number + excluded.last_number
    RETURNING shard, last_number
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
    shards = sorted(by_shard)
    counts = {"shards": shards, "counts": [len(by_shard[shard]) for shard in shards]}
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
