"""Reads orders as their owner, or an admin, may see them."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from uuid import UUID

from sqlalchemy import Select, select
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.order_api.errors import OrderNotFound
from ordercast.services.order_api.orders.answers import OrderAnswer, OrderPage, answer_of
from ordercast.services.order_api.orders.tables import Order, OrderItem
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller


def visible_to(caller: Caller) -> Select[Order]:
    """All orders for an admin, a customer's own ones for the customer."""
    return select(Order) if caller.is_admin else select(Order).where(Order.account_id == caller.account_id)


async def read_order(sessions: Sessions, caller: Caller, order_id: UUID) -> OrderAnswer:
    """One order.

    Raises:
        OrderNotFound: there is none, or it is another's.
    """
    async with sessions() as session:
        order = await session.scalar(visible_to(caller).where(Order.id == order_id))
        if order is None:
            raise OrderNotFound(f"there is no order {order_id}")
        return (await answers_of(session, [order]))[0]


async def read_orders(sessions: Sessions, caller: Caller, *, limit: int, starting_after: UUID | None) -> OrderPage:
    """A page of orders, the newest first."""
    query = visible_to(caller).order_by(Order.id.desc()).limit(limit + 1)
    if starting_after is not None:
        query = query.where(Order.id < starting_after)
    async with sessions() as session:
        orders = list(await session.scalars(query))
        return OrderPage(await answers_of(session, orders[:limit]), len(orders) > limit)


async def answers_of(session: AsyncSession, orders: Sequence[Order]) -> list[OrderAnswer]:
    items = await items_of(session, orders)
    return [answer_of(order, items[order.id]) for order in orders]


async def items_of(session: AsyncSession, orders: Sequence[Order]) -> Mapping[UUID, Sequence[OrderItem]]:
    """The lines of each order, in their order."""
    rows = await session.scalars(
        select(OrderItem)
        .where(OrderItem.order_id.in_([order.id for order in orders]))
        .order_by(OrderItem.order_id, OrderItem.line)
    )
    items: dict[UUID, list[OrderItem]] = defaultdict(list)
    for row in rows:
        items[row.order_id].append(row)
    return items
