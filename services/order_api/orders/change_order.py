"""Confirms and cancels: PENDING -> CONFIRMED | CANCELLED, and no way back."""

from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.events import OrderItem as EventItem
from ordercast.services.order_api.errors import OrderNotFound, OrderNotPending
from ordercast.services.order_api.orders.answers import OrderAnswer
from ordercast.services.order_api.orders.order_events import cancelled, confirmed
from ordercast.services.order_api.orders.outbox import append_to_outbox
from ordercast.services.order_api.orders.read_orders import answers_of, visible_to
from ordercast.services.order_api.orders.tables import Order
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller


class ChangeOrder:
    """The two changes that an order can take, each with its event in the same transaction."""

    def __init__(self, sessions: Sessions, *, partitions: int) -> None:
        self._sessions = sessions
        self._partitions = partitions

    async def confirm(self, caller: Caller, order_id: UUID, traceparent: str | None = None) -> OrderAnswer:
        """The confirmed order.

        Raises:
            OrderNotFound: there is none, or it is another's.
            OrderNotPending: it was confirmed or cancelled before.
        """
        async with self._sessions() as session, session.begin():
            order = await _locked(session, caller, order_id)
            now = datetime.now(UTC)
            order.status, order.confirmed_at, order.updated_at = "CONFIRMED", now, now
            event = confirmed(order.id, order.account_id, now, traceparent)
            (answer,) = await answers_of(session, [order])
            await append_to_outbox(session, [event], self._partitions)
        return answer

    async def cancel(self, caller: Caller, order_id: UUID, traceparent: str | None = None) -> OrderAnswer:
        """The cancelled order. Raises as `confirm` does."""
        async with self._sessions() as session, session.begin():
            order = await _locked(session, caller, order_id)
            now = datetime.now(UTC)
            order.status, order.cancelled_at, order.updated_at = "CANCELLED", now, now
            (answer,) = await answers_of(session, [order])
            taken_back = [
                EventItem(item.line, item.product_id, item.quantity, item.unit_price) for item in answer.items
            ]
            event = cancelled(order.id, order.account_id, taken_back, now, traceparent)
            await append_to_outbox(session, [event], self._partitions)
        return answer


async def _locked(session: AsyncSession, caller: Caller, order_id: UUID) -> Order:
    order = await session.scalar(visible_to(caller).where(Order.id == order_id).with_for_update())
    if order is None:
        raise OrderNotFound(f"there is no order {order_id}")
    if order.status != "PENDING":
        raise OrderNotPending(f"order {order_id} is {order.status}; only a PENDING order can change")
    return order
