"""What became of an order's events: their numbers in the outbox, and where they lie in Kafka."""

from datetime import UTC, datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

import msgspec
from msgspec import Meta
from sqlalchemy import Row, text

from ordercast.contracts.because import sentence
from ordercast.contracts.envelope import Envelope, EventRefused, decode
from ordercast.contracts.topics import partition_of
from ordercast.services.order_api.errors import OrderNotFound
from ordercast.services.order_api.orders.find_published import FindPublished
from ordercast.services.order_api.orders.read_orders import visible_to
from ordercast.services.order_api.orders.tables import Order
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.records import StoredRecord

# Of one order; a return of each piece by itself would be more.
MOST_EVENTS: Final = 50

# By the index of an order's changes, which all lie in its account's shard; -1 has others, that were never events.
_CHANGES: Final = text("""
    SELECT c.shard, c.number, c.number <= coalesce(l.published_number, 0) AS published, o.committed_at, o.event_id,
        o.event_type, o.occurred_at, o.traceparent, d.event_id AS refused_id, d.event_type AS refused_type,
        d.occurred_at AS refused_occurred_at, d.traceparent AS refused_traceparent, d.reason
    FROM order_changes c LEFT JOIN outbox_leases l USING (shard) LEFT JOIN outbox o USING (shard, number)
        LEFT JOIN outbox_dead_letters d USING (shard, number)
    WHERE c.shard = :shard AND c.order_id = :order_id ORDER BY c.number LIMIT :most
""")


class JourneyEvent(msgspec.Struct, frozen=True):
    """An event of the order. What nobody knows any more, or not yet, is null."""

    shard: Annotated[int, Meta(description="the partition of the topic `orders`, too")]
    number: Annotated[int, Meta(description="in the stream `outbox` of the shard: `ce_sequence`")]
    state: Annotated[
        Literal["waiting", "published", "refused"],
        Meta(description="`waiting` in the outbox; `refused` by Kafka for good, until `ordercast outbox retry`"),
    ]
    type: str | None
    event_id: UUID | None
    occurred_at: datetime | None
    committed_at: Annotated[datetime | None, Meta(description="when its number was given; Kafka's time of the record")]
    trace_id: Annotated[str | None, Meta(description="of the request that made it: log lines have it, and spans")]
    offset: Annotated[int | None, Meta(description="in the partition of the topic `orders`")]
    reason: Annotated[str | None, Meta(description="why Kafka refused it")]


class Journey(msgspec.Struct, frozen=True):
    order_id: UUID
    account_id: int
    events: Annotated[list[JourneyEvent], Meta(description="by number; of an order from before they were kept none")]
    kafka: Annotated[str | None, Meta(description="why Kafka was not asked for the published ones; null: it was")]


class ReadJourney:
    """The use case."""

    def __init__(self, sessions: Sessions, find_published: FindPublished, *, partitions: int) -> None:
        self._sessions = sessions
        self._find_published = find_published
        self._partitions = partitions

    async def __call__(self, caller: Caller, order_id: UUID) -> Journey:
        """Raises:
        OrderNotFound: there is none, or it is another's.
        """
        async with self._sessions() as session:
            order = await session.scalar(visible_to(caller).where(Order.id == order_id))
            if order is None:
                raise OrderNotFound(sentence("no-order", order=str(order_id)))
            shard = partition_of(order.account_id, self._partitions)
            asked = {"shard": shard, "order_id": order_id, "most": MOST_EVENTS}
            rows = (await session.execute(_CHANGES, asked)).all()
        records, away = await self._published(shard, [row.number for row in rows if row.published and not row.reason])
        return Journey(order_id, order.account_id, [_event(row, records.get(row.number)) for row in rows], away)

    async def _published(self, shard: int, numbers: list[int]) -> tuple[dict[int, StoredRecord], str | None]:
        """The records, or why Kafka was not asked for them."""
        try:
            return (await self._find_published(shard, numbers) if numbers else {}), None
        except BrokerUnavailable as error:
            return {}, str(error)


def _event(row: Row[Any], record: StoredRecord | None) -> JourneyEvent:
    if row.reason is not None:
        return JourneyEvent(
            shard=row.shard,
            number=row.number,
            state="refused",
            type=row.refused_type,
            event_id=row.refused_id,
            occurred_at=row.refused_occurred_at,
            committed_at=None,
            trace_id=_trace_id(row.refused_traceparent),
            offset=None,
            reason=row.reason,
        )
    if record is None:
        return JourneyEvent(
            shard=row.shard,
            number=row.number,
            state="published" if row.published else "waiting",
            type=row.event_type,
            event_id=row.event_id,
            occurred_at=row.occurred_at,
            committed_at=row.committed_at,
            trace_id=_trace_id(row.traceparent),
            offset=None,
            reason=None,
        )
    envelope = _envelope(record)
    return JourneyEvent(
        shard=row.shard,
        number=row.number,
        state="published",
        type=envelope.type if envelope else None,
        event_id=envelope.id if envelope else None,
        occurred_at=envelope.time if envelope else None,
        committed_at=datetime.fromtimestamp(record.timestamp_ms / 1000, UTC),
        trace_id=_trace_id(envelope.traceparent if envelope else None),
        offset=record.offset,
        reason=None,
    )


def _envelope(record: StoredRecord) -> Envelope | None:
    """None of one that a later release wrote."""
    try:
        return decode(record.headers, record.value)
    except EventRefused:
        return None


def _trace_id(traceparent: str | None) -> str | None:
    """`00-<trace>-<span>-<flags>`"""
    parts = (traceparent or "").split("-")
    return parts[1] if len(parts) == 4 else None
