"""The events that tell of an order."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from uuid_utils.compat import uuid7

from ordercast.contracts.events import OrderCancelled, OrderConfirmed, OrderItem, OrderPlaced
from ordercast.services.order_api.orders.outbox import PendingEvent
from ordercast.services.order_api.orders.write_orders import OrderRow


def recorded(row: OrderRow, traceparent: str | None = None) -> PendingEvent:
    """The first event of an order that was just written: placed, or cancelled for a shop's own cancellation."""
    event: OrderPlaced | OrderCancelled
    if row.is_cancellation:
        event = OrderCancelled(row.id, row.account_id, list(row.items), row.created_at, row.order_ref)
    else:
        event = OrderPlaced(
            order_id=row.id,
            account_id=row.account_id,
            status="CONFIRMED" if row.confirmed_at == row.created_at else "PENDING",
            currency=row.currency,
            total=row.total,
            items=list(row.items),
            placed_at=row.created_at,
            order_ref=row.order_ref,
        )
    return PendingEvent(row.id, row.created_at, event, traceparent)


def imported(row: OrderRow, traceparent: str | None = None) -> list[PendingEvent]:
    """All events of an order out of a shop's history that was just written: what has become of it since follows."""
    events = [recorded(row, traceparent)]
    if not row.is_cancellation:
        if row.confirmed_at not in (None, row.created_at):
            events.append(confirmed(row.id, row.account_id, row.confirmed_at, traceparent))
        if row.cancelled_at is not None:
            events.append(cancelled(row.id, row.account_id, row.items, row.created_at, row.cancelled_at, traceparent))
    return events


def confirmed(order_id: UUID, account_id: int, at: datetime, traceparent: str | None) -> PendingEvent:
    return PendingEvent(uuid7(), at, OrderConfirmed(order_id, account_id, at), traceparent)


def cancelled(
    order_id: UUID,
    account_id: int,
    items: Sequence[OrderItem],
    placed_at: datetime,
    at: datetime,
    traceparent: str | None,
) -> PendingEvent:
    event = OrderCancelled(order_id, account_id, list(items), at, placed_at=placed_at)
    return PendingEvent(uuid7(), at, event, traceparent)
