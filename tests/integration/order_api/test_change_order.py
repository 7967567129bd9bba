import asyncio
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from ordercast.services.order_api.errors import OrderNotFound, OrderNotPending
from ordercast.services.order_api.orders.change_order import ChangeOrder
from ordercast.services.order_api.orders.place_orders import Line, OrderRequest, PlaceOrders
from ordercast.services.order_api.orders.read_orders import OrderList, read_order, read_orders
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller
from tests.support.seeds import seed_accounts, seed_products

ADMIN = Caller(10**6, "ADMIN")


async def place(sessions: Sessions, account: int, product: int, count: int = 1) -> list[UUID]:
    results = await PlaceOrders(sessions, partitions=4)([OrderRequest(account, [Line(product, 2)])] * count)
    return [UUID(msgspec.json.decode(result)["id"]) for result in results if isinstance(result, bytes)]


async def events(sessions: Sessions) -> list[Any]:
    async with sessions() as session:
        return list((await session.execute(text("SELECT event_type, number, body FROM outbox ORDER BY number"))).all())


@pytest.fixture
async def customer(sessions: Sessions) -> Caller:
    (account,) = await seed_accounts(sessions, 1)
    return Caller(account, "CUSTOMER")


@pytest.fixture
async def order(sessions: Sessions, customer: Caller) -> UUID:
    (product,) = await seed_products(sessions, ["2.5"])
    (order,) = await place(sessions, customer.account_id, product)
    return order


async def test_a_cancelled_order_tells_what_it_takes_back(sessions: Sessions, customer: Caller, order: UUID) -> None:
    row = await ChangeOrder(sessions, partitions=4).cancel(customer, order)
    assert row.status == "CANCELLED"
    placed, cancelled = await events(sessions)
    assert (cancelled.event_type, cancelled.number) == ("ordercast.order.cancelled.v1", placed.number + 1)
    assert [item["quantity"] for item in msgspec.json.decode(cancelled.body)["items"]] == [2]


async def test_an_admin_confirms_a_customers_order(sessions: Sessions, order: UUID) -> None:
    row = await ChangeOrder(sessions, partitions=4).confirm(ADMIN, order)
    assert row.status == "CONFIRMED"
    assert [event.event_type for event in await events(sessions)][1] == "ordercast.order.confirmed.v1"


async def test_an_order_changes_once_however_many_try_at_once(
    sessions: Sessions, customer: Caller, order: UUID
) -> None:
    change = ChangeOrder(sessions, partitions=4)
    outcomes = await asyncio.gather(
        *(change.cancel(customer, order) for _ in range(4)), change.confirm(ADMIN, order), return_exceptions=True
    )
    assert sum(isinstance(outcome, OrderNotPending) for outcome in outcomes) == 4
    assert len(await events(sessions)) == 2


async def test_anothers_order_is_not_there(sessions: Sessions, customer: Caller, order: UUID) -> None:
    stranger = Caller(customer.account_id + 1, "CUSTOMER")
    with pytest.raises(OrderNotFound):
        await ChangeOrder(sessions, partitions=4).cancel(stranger, order)
    with pytest.raises(OrderNotFound):
        await read_order(sessions, stranger, order)
    assert (await read_order(sessions, customer, order)).id == order


async def test_pages_hold_each_order_once_the_newest_first(sessions: Sessions) -> None:
    one, other = await seed_accounts(sessions, 2)
    (product,) = await seed_products(sessions, ["1"])
    placed = await place(sessions, one, product, count=7)
    await place(sessions, other, product, count=2)
    seen: list[UUID] = []
    more = True
    while more:
        page = await read_orders(
            sessions, Caller(one, "CUSTOMER"), OrderList(starting_after=seen[-1] if seen else None, limit=3)
        )
        seen, more = seen + [order.id for order in page.data], page.has_more
    assert seen == sorted(placed, reverse=True)
    everybody = await read_orders(sessions, ADMIN, OrderList())
    assert (len(everybody.data), everybody.has_more) == (9, False)
