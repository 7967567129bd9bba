"""Reads orders as their owner, or an admin, may see them."""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.events import OrderItem as Item
from ordercast.services.order_api.errors import OrderNotFound
from ordercast.services.order_api.money import shown
from ordercast.services.order_api.orders.tables import Order, OrderItem
from ordercast.services.order_api.orders.write_orders import OrderRow
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller


def visible_to(caller: Caller) -> Select[Order]:
    """All orders for an admin, a customer's own ones for the customer."""
    return select(Order) if caller.is_admin else select(Order).where(Order.account_id == caller.account_id)


async def read_order(sessions: Sessions, caller: Caller, order_id: UUID) -> OrderRow:
    """One order.

    Raises:
        OrderNotFound: there is none, or it is another's.
    """
    async with sessions() as session:
        order = await session.scalar(visible_to(caller).where(Order.id == order_id))
        if order is None:
            raise OrderNotFound(f"there is no order {order_id}")
        return (await with_items(session, [order]))[0]


async def read_orders(
    sessions: Sessions, caller: Caller, *, limit: int, starting_after: UUID | None
) -> tuple[list[OrderRow], bool]:
    """A page of orders, the newest first, and whether more come after it."""
    query = visible_to(caller).order_by(Order.id.desc()).limit(limit + 1)
    if starting_after is not None:
        query = query.where(Order.id < starting_after)
    async with sessions() as session:
        orders = list(await session.scalars(query))
        return await with_items(session, orders[:limit]), len(orders) > limit


async def with_items(session: AsyncSession, orders: Sequence[Order]) -> list[OrderRow]:
    rows = await session.scalars(
        select(OrderItem)
        .where(OrderItem.order_id.in_([order.id for order in orders]))
        .order_by(OrderItem.order_id, OrderItem.line)
    )
    items: dict[UUID, list[Item]] = defaultdict(list)
    for row in rows:
        items[row.order_id].append(Item(row.line, row.product_id, row.quantity, shown(row.unit_price)))
    return [
        OrderRow(
            id=order.id,
            account_id=order.account_id,
            status=order.status,
            currency=order.currency,
            items=items[order.id],
            created_at=order.created_at,
            order_ref=order.order_ref,
            is_cancellation=order.is_cancellation,
        )
        for order in orders
    ]
