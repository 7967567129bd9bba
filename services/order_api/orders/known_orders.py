"""Orders of an import that are there already: how a line differs from what is there, and what it changes."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

from sqlalchemy import Text, any_, literal, select
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.events import OrderItem as EventItem
from ordercast.services.order_api.money import shown
from ordercast.services.order_api.orders.import_lines import ImportLine
from ordercast.services.order_api.orders.import_references import ImportReferences
from ordercast.services.order_api.orders.order_events import cancelled, confirmed
from ordercast.services.order_api.orders.outbox import PendingEvent
from ordercast.services.order_api.orders.tables import Order, OrderItem


@dataclass(frozen=True, slots=True)
class KnownOrder:
    """An order, locked until the end of the transaction, and its lines."""

    order: Order
    items: Sequence[OrderItem]

    def differences(self, line: ImportLine, references: ImportReferences) -> Iterator[str]:
        """In what the line tells of another order than this one, in words. A later or an earlier status is no difference."""
        order = self.order
        if order.is_cancellation and not self._is_old_cancellation(line) and not line.is_cancellation:
            yield "it is a cancellation there"
        if line.is_cancellation and not order.is_cancellation:
            yield "it is an order there"
        if references.accounts.get(line.account_ref) != order.account_id:
            yield "account_ref is another account there"
        if line.occurred_at != order.created_at:
            yield f"occurred_at is {_shown(order.created_at)} there"
        for name in ("confirmed_at", "cancelled_at"):
            ours, theirs = getattr(order, name), getattr(line, name)
            if None not in (ours, theirs) and ours != theirs:
                yield f"{name} is {_shown(ours)} there"
        if line.currency not in (None, order.currency):
            yield f"currency is {order.currency} there"
        yield from self._different_items(line, references)

    def _is_old_cancellation(self, line: ImportLine) -> bool:
        # Before there were kinds, a line with the status CANCELLED alone was such a document.
        return self.order.is_cancellation and line.kind is None and line.status == "CANCELLED"

    def _different_items(self, line: ImportLine, references: ImportReferences) -> Iterator[str]:
        if len(line.items) != len(self.items):
            yield f"the number of items is {len(self.items)} there"
            return
        for number, (theirs, ours) in enumerate(zip(line.items, self.items, strict=True)):
            product = references.products.get(theirs.sku)
            if product is None or product.id != ours.product_id:
                yield f"items.{number}.sku is another product there"
            if theirs.quantity != ours.quantity:
                yield f"items.{number}.quantity is {ours.quantity} there"
            if Decimal(theirs.unit_price) != ours.unit_price:
                yield f"items.{number}.unit_price is {shown(ours.unit_price)} there"

    def apply(self, line: ImportLine, traceparent: str | None) -> list[PendingEvent]:
        """Adds what the line knows of the order's later life, and tells of it. Empty if all of it was known."""
        order = self.order
        if order.is_cancellation:
            return []
        events = []
        now = datetime.now(UTC)
        if order.confirmed_at is None and (at := line.was_confirmed_at):
            order.confirmed_at, order.updated_at = at.astimezone(UTC), now
            if order.status == "PENDING":
                order.status = "CONFIRMED"
            events.append(confirmed(order.id, order.account_id, order.confirmed_at, traceparent))
        if order.cancelled_at is None and (at := line.was_cancelled_at):
            events.append(self._cancel(at.astimezone(UTC), now, traceparent))
        return events

    def take_back(self, now: datetime, traceparent: str | None) -> list[PendingEvent]:
        """Cancels what is left of the order and gives its reference free, for another one in its place.

        One that is cancelled has been taken back.
        """
        self.order.order_ref = None
        return [] if self.order.status == "CANCELLED" else [self._cancel(now, now, traceparent)]

    def _cancel(self, at: datetime, now: datetime, traceparent: str | None) -> PendingEvent:
        self.order.status, self.order.cancelled_at, self.order.updated_at = "CANCELLED", at, now
        items = [
            EventItem(item.line, item.product_id, left, shown(item.unit_price))
            for item in self.items
            if (left := item.quantity - item.cancelled_quantity)
        ]
        return cancelled(self.order.id, self.order.account_id, items, self.order.created_at, at, traceparent)


async def known_orders(session: AsyncSession, refs: Collection[str]) -> dict[str, KnownOrder]:
    """Those of the orders that are there, by the shop's own number; locked in its order, so that no two imports deadlock."""
    orders = list(
        await session.scalars(
            select(Order)
            .where(Order.order_ref == any_(literal(list(refs), ARRAY(Text))))
            .order_by(Order.order_ref)
            .with_for_update()
            .execution_options(populate_existing=True)
        )
    )
    items: dict[UUID, list[OrderItem]] = defaultdict(list)
    if orders:
        wanted = [order.id for order in orders]
        lines = select(OrderItem).where(OrderItem.order_id.in_(wanted)).order_by(OrderItem.order_id, OrderItem.line)
        for item in await session.scalars(lines):
            items[item.order_id].append(item)
    return {order.order_ref: KnownOrder(order, items[order.id]) for order in orders if order.order_ref is not None}


def _shown(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
