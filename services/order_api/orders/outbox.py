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

# Where commits to the outbox are told.
CHANNEL: Final = "ordercast_outbox"

# Sorted by shard, so that every transaction locks the counters in the same order and no two deadlock.
_NEXT_NUMBERS: Final = text("""
    INSERT INTO outbox_shards AS s (shard, last_number)
    SELECT * FROM unnest(CAST(:shards AS bigint[]), CAST(:counts AS bigint[]))
    ON CONFLICT (shard) DO UPDATE SET last_number = s.last_number + excluded.last_number
    RETURNING shard, last_number
""")
# The relays hear of it at the commit, once for each transaction (`outbox_signal.py`). In the statement that appends, so that
# nothing gets into the outbox unheard and the counters are not held for one more way to the database.
_APPEND: Final = text("""
    WITH appended AS (
        INSERT INTO outbox (shard, number, event_id, event_type, account_id, occurred_at, body, traceparent)
        SELECT * FROM unnest(
            CAST(:shards AS bigint[]), CAST(:numbers AS bigint[]), CAST(:ids AS uuid[]), CAST(:types AS text[]),
            CAST(:accounts AS bigint[]), CAST(:times AS timestamptz[]), CAST(:bodies AS bytea[]), CAST(:traces AS text[])
        )
    )
    SELECT pg_notify(CAST(:channel AS text), '')
""")


@dataclass(frozen=True, slots=True)
class PendingEvent:
    """An event that is to be published once the transaction has committed."""

    id: UUID
    occurred_at: datetime
    event: OrderEvent
    traceparent: str | None = None


@dataclass(frozen=True, slots=True)
class OutboxRow:
    """A row of the outbox, but for its number."""

    shard: int
    event_id: UUID
    event_type: str
    account_id: int
    occurred_at: datetime
    body: bytes
    traceparent: str | None


async def append_to_outbox(session: AsyncSession, events: Sequence[PendingEvent], partitions: int) -> None:
    """Numbers the events and writes them. Holds the shards' counters until the commit, so call it last."""
    await append_rows(
        session,
        [
            OutboxRow(
                shard=partition_of(pending.event.account_id, partitions),
                event_id=pending.id,
                event_type=TYPE_NAMES[type(pending.event)],
                account_id=pending.event.account_id,
                occurred_at=pending.occurred_at,
                body=encode_body(pending.event),
                traceparent=pending.traceparent,
            )
            for pending in events
        ],
    )


async def append_rows(session: AsyncSession, rows: Sequence[OutboxRow]) -> None:
    """As `append_to_outbox`, for rows whose shards are known."""
    by_shard: dict[int, list[OutboxRow]] = defaultdict(list)
    for row in rows:
        by_shard[row.shard].append(row)
    if not by_shard:
        return
    shards = sorted(by_shard)
    counts = {"shards": shards, "counts": [len(by_shard[shard]) for shard in shards]}
    last_numbers = {row.shard: row.last_number for row in await session.execute(_NEXT_NUMBERS, counts)}
    numbered = [
        (last_numbers[shard] - len(group) + position, row)
        for shard, group in by_shard.items()
        for position, row in enumerate(group, start=1)
    ]
    await session.execute(
        _APPEND,
        {
            "channel": CHANNEL,
            "shards": [row.shard for _, row in numbered],
            "numbers": [number for number, _ in numbered],
            "ids": [row.event_id for _, row in numbered],
            "types": [row.event_type for _, row in numbered],
            "accounts": [row.account_id for _, row in numbered],
            "times": [row.occurred_at for _, row in numbered],
            "bodies": [row.body for _, row in numbered],
            "traces": [row.traceparent for _, row in numbered],
        },
    )
