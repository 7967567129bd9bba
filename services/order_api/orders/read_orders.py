"""Reads orders as their owner, or who sees all, may see them."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate
from typing import Final, Literal
from uuid import UUID

from sqlalchemy import Select, func, literal_column, select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.because import sentence
from ordercast.services.order_api.accounts.read_accounts import account_refs
from ordercast.services.order_api.errors import InvalidPeriod, NotAllowed, OrderNotFound
from ordercast.services.order_api.orders.answers import OrderAnswer, OrderPage, Status, answer_of
from ordercast.services.order_api.orders.tables import Order, OrderItem
from ordercast.services.order_api.products.tables import Product
from ordercast.services.shared.db.cut_page import cut_page
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller

# As many lines as one order may have: 0.25 MB. A hundred such orders in a page held the event loop for 2.3 s.
MAX_PAGE_ITEMS: Final = 2_000

Sort = Literal["-created_at", "created_at"]


@dataclass(frozen=True, slots=True)
class OrderFilter:
    """Which orders: those that meet all that is given. A time `_from` is included, a time `_to` is not."""

    status: Status | None = None
    account_id: int | None = None
    product_id: int | None = None
    order_ref: str | None = None
    created_from: datetime | None = None
    created_to: datetime | None = None
    updated_from: datetime | None = None
    updated_to: datetime | None = None


@dataclass(frozen=True, slots=True)
class OrderList:
    """A page of those orders, after the one that ended the page before. Without `sort` the newest come first."""

    wanted: OrderFilter = OrderFilter()
    sort: Sort | None = None
    starting_after: UUID | None = None
    limit: int = 100
    with_lines: bool = True


def visible_to(caller: Caller) -> Select[Order]:
    """All orders, or a customer's own ones for the customer."""
    return select(Order) if caller.for_all else select(Order).where(Order.account_id == caller.account_id)


async def read_order(sessions: Sessions, caller: Caller, order_id: UUID) -> OrderAnswer:
    """One order.

    Raises:
        OrderNotFound: there is none, or it is another's.
    """
    async with sessions() as session:
        order = await session.scalar(visible_to(caller).where(Order.id == order_id))
        if order is None:
            raise OrderNotFound(sentence("no-order", order=str(order_id)))
        return (await answers_of(session, [order]))[0]


async def read_orders(sessions: Sessions, caller: Caller, asked: OrderList) -> OrderPage:
    """A page of orders by the time of the order, which never changes, and by id where it is the same.

    Raises:
        NotAllowed: a customer asks for another account's.
        InvalidPeriod: a time `_to` does not lie after its `_from`.
        OrderNotFound: `starting_after` names none that the caller may see.
    """
    async with sessions() as session:
        last = None
        if asked.starting_after is not None:
            last = await session.scalar(visible_to(caller).where(Order.id == asked.starting_after))
            if last is None:
                message = "names no order that there is"
                raise OrderNotFound(f"starting_after {message}", fields={"starting_after": message})
        orders, has_more = cut_page((await session.scalars(page_query(caller, asked, last))).all(), asked.limit)
        if not asked.with_lines:
            refs = await account_refs(session, {order.account_id for order in orders})
            return OrderPage([answer_of(order, refs.get(order.account_id), ()) for order in orders], has_more)
        held = await held_by_page(session, [order.id for order in orders])
        return OrderPage(await answers_of(session, orders[:held]), has_more or held < len(orders))


def page_query(caller: Caller, asked: OrderList, last: Order | None) -> Select[Order]:
    """The page after `last`, and one row more. Raises as `read_orders` does.

    A place is the time of the order, which never changes, so pages never shift.
    """
    query = _matching(caller, asked.wanted).limit(asked.limit + 1)
    place = Order.created_at, Order.id
    if asked.sort == "created_at":
        query = query.order_by(*place)
        return query if last is None else query.where(tuple_(*place) > tuple_(last.created_at, last.id))
    query = query.order_by(*(column.desc() for column in place))
    return query if last is None else query.where(tuple_(*place) < tuple_(last.created_at, last.id))


def _matching(caller: Caller, wanted: OrderFilter) -> Select[Order]:
    """The orders that the caller may see and asks for. Raises as `read_orders` does."""
    if not caller.for_all and wanted.account_id not in (None, caller.account_id):
        message = sentence("not-others-orders")
        raise NotAllowed(message, fields={"account_id": message})
    query = visible_to(caller)
    if wanted.status is not None:
        # As a constant, so that the planner knows that the index of those that are not confirmed fits.
        query = query.where(Order.status == literal_column(f"'{wanted.status}'"))
    if wanted.account_id is not None:
        query = query.where(Order.account_id == wanted.account_id)
    if wanted.product_id is not None:
        query = query.where(Order.id.in_(select(OrderItem.order_id).where(OrderItem.product_id == wanted.product_id)))
    if wanted.order_ref is not None:
        query = query.where(Order.order_ref == wanted.order_ref)
    for column, name in ((Order.created_at, "created"), (Order.updated_at, "updated")):
        first, end = getattr(wanted, f"{name}_from"), getattr(wanted, f"{name}_to")
        if first is not None and end is not None and first >= end:
            raise InvalidPeriod(
                sentence("period-is-empty", later=f"{name}_to", earlier=f"{name}_from"),
                fields={f"{name}_to": f"must lie after {name}_from"},
            )
        if first is not None:
            query = query.where(column >= first)
        if end is not None:
            query = query.where(column < end)
    return query


async def held_by_page(session: AsyncSession, order_ids: Sequence[UUID]) -> int:
    """How many of the orders, from the first one on, a page holds: with `MAX_PAGE_ITEMS` lines, or a single order."""
    if len(order_ids) < 2:
        return len(order_ids)
    counted = await session.execute(
        select(OrderItem.order_id, func.count()).where(OrderItem.order_id.in_(order_ids)).group_by(OrderItem.order_id)
    )
    lines_of: dict[UUID, int] = dict(iter(counted))
    totals = accumulate(lines_of.get(order_id, 0) for order_id in order_ids)
    return max(1, sum(total <= MAX_PAGE_ITEMS for total in totals))


async def answers_of(session: AsyncSession, orders: Sequence[Order]) -> list[OrderAnswer]:
    refs = await account_refs(session, {order.account_id for order in orders})
    rows = await session.execute(
        select(OrderItem, Product.sku)
        .join(Product, Product.id == OrderItem.product_id)
        .where(OrderItem.order_id.in_([order.id for order in orders]))
        .order_by(OrderItem.order_id, OrderItem.line)
    )
    items: dict[UUID, list[tuple[OrderItem, str]]] = defaultdict(list)
    for item, sku in rows:
        items[item.order_id].append((item, sku))
    return [answer_of(order, refs.get(order.account_id), items[order.id]) for order in orders]
