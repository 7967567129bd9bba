import asyncio
import random
from collections import defaultdict
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from ordercast.contracts.events import OrderCancelled, OrderPlaced
from ordercast.services.order_api.errors import (
    CancelledTooMuch,
    KeyReused,
    OrderNotFound,
    OrderNotPending,
    UnknownLine,
)
from ordercast.services.order_api.orders.change_order import CancelRequest, ChangeOrder
from ordercast.services.order_api.orders.idempotency import KeyedAnswer
from ordercast.services.order_api.orders.place_orders import Line, OrderRequest, PlaceOrders
from ordercast.services.order_api.orders.read_orders import OrderList, read_order, read_orders
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller
from tests.support.seeds import seed_accounts, seed_products

ADMIN = Caller(10**6, "ADMIN", for_all=True)


async def place(sessions: Sessions, account: int, product: int, count: int = 1) -> list[UUID]:
    results = await PlaceOrders(sessions, partitions=4)([OrderRequest(account, [Line(product, 2)])] * count)
    return [UUID(msgspec.json.decode(result.body)["id"]) for result in results if isinstance(result, KeyedAnswer)]


async def cancel(
    sessions: Sessions, caller: Caller, order: UUID, lines: dict[int, int] | None = None, key: str | None = None
) -> dict[str, Any]:
    hashed = repr((order, lines)).encode()
    answer = await ChangeOrder(sessions, partitions=4).cancel(caller, CancelRequest(order, lines, key, hashed))
    decoded: dict[str, Any] = msgspec.json.decode(answer.body)
    return decoded


async def taken_back(sessions: Sessions) -> dict[int, int]:
    """What the events say, by line."""
    quantities: dict[int, int] = defaultdict(int)
    for event in await events(sessions):
        if event.event_type == "ordercast.order.cancelled.v1":
            for item in msgspec.json.decode(event.body, type=OrderCancelled).items:
                quantities[item.line] += item.quantity
    return quantities


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
    answer = await cancel(sessions, customer, order)
    assert (answer["status"], answer["items"][0]["cancelled_quantity"]) == ("CANCELLED", 2)
    assert answer["cancelled_at"] == answer["updated_at"]
    placed, cancelled = await events(sessions)
    assert (cancelled.event_type, cancelled.number) == ("ordercast.order.cancelled.v1", placed.number + 1)
    event = msgspec.json.decode(cancelled.body, type=OrderCancelled)
    assert [item.quantity for item in event.items] == [2]
    assert event.placed_at == msgspec.json.decode(placed.body, type=OrderPlaced).placed_at


async def test_an_admin_confirms_a_customers_order(sessions: Sessions, order: UUID) -> None:
    answer = await ChangeOrder(sessions, partitions=4).confirm(ADMIN, order)
    assert (answer.status, answer.confirmed_at) == ("CONFIRMED", answer.updated_at)
    assert [event.event_type for event in await events(sessions)][1] == "ordercast.order.confirmed.v1"


async def test_an_order_changes_once_however_many_try_at_once(
    sessions: Sessions, customer: Caller, order: UUID
) -> None:
    change = ChangeOrder(sessions, partitions=4)
    outcomes = await asyncio.gather(
        *(change.cancel(customer, CancelRequest(order)) for _ in range(4)),
        change.confirm(ADMIN, order),
        return_exceptions=True,
    )
    assert sum(isinstance(outcome, OrderNotPending) for outcome in outcomes) == 4
    assert len(await events(sessions)) == 2


async def test_anothers_order_is_not_there(sessions: Sessions, customer: Caller, order: UUID) -> None:
    stranger = Caller(customer.account_id + 1, "CUSTOMER")
    with pytest.raises(OrderNotFound):
        await ChangeOrder(sessions, partitions=4).cancel(stranger, CancelRequest(order))
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


@pytest.fixture
async def confirmed(sessions: Sessions, customer: Caller) -> UUID:
    """An order of 5 and 3 pieces."""
    cheap, dear = await seed_products(sessions, ["1", "2"], currency="USD")
    request = OrderRequest(customer.account_id, [Line(cheap, 5), Line(dear, 3)])
    (result,) = await PlaceOrders(sessions, partitions=4)([request])
    assert isinstance(result, KeyedAnswer)
    order = UUID(msgspec.json.decode(result.body)["id"])
    await ChangeOrder(sessions, partitions=4).confirm(ADMIN, order)
    return order


async def test_a_confirmed_order_is_cancelled_by_an_admin_alone(
    sessions: Sessions, customer: Caller, confirmed: UUID
) -> None:
    with pytest.raises(OrderNotPending):
        await cancel(sessions, customer, confirmed)
    answer = await cancel(sessions, ADMIN, confirmed)
    assert (answer["status"], answer["total"]) == ("CANCELLED", "11.00")
    assert await taken_back(sessions) == {1: 5, 2: 3}
    with pytest.raises(OrderNotPending):
        await cancel(sessions, ADMIN, confirmed)


async def test_a_return_takes_back_what_it_names_and_the_last_one_cancels_the_order(
    sessions: Sessions, confirmed: UUID
) -> None:
    first = await cancel(sessions, ADMIN, confirmed, {1: 2})
    assert (first["status"], first["cancelled_at"]) == ("CONFIRMED", None)
    assert [item["cancelled_quantity"] for item in first["items"]] == [2, 0]
    [event] = [event for event in await events(sessions) if event.event_type == "ordercast.order.cancelled.v1"]
    [item] = msgspec.json.decode(event.body, type=OrderCancelled).items
    assert (item.line, item.quantity) == (1, 2)
    await cancel(sessions, ADMIN, confirmed, {1: 3})
    last = await cancel(sessions, ADMIN, confirmed)
    assert (last["status"], last["cancelled_at"]) == ("CANCELLED", last["updated_at"])
    assert [item["cancelled_quantity"] for item in last["items"]] == [5, 3]
    assert await taken_back(sessions) == {1: 5, 2: 3}
    assert msgspec.json.decode(msgspec.json.encode(await read_order(sessions, ADMIN, confirmed))) == last


async def test_what_cannot_be_taken_back_is_named_and_changes_nothing(sessions: Sessions, confirmed: UUID) -> None:
    with pytest.raises(UnknownLine) as unknown:
        await cancel(sessions, ADMIN, confirmed, {1: 1, 3: 1})
    assert list(unknown.value.fields) == ["items.1.line"]
    await cancel(sessions, ADMIN, confirmed, {2: 2})
    with pytest.raises(CancelledTooMuch) as too_much:
        await cancel(sessions, ADMIN, confirmed, {1: 1, 2: 2})
    assert too_much.value.fields == {"items.1.quantity": "of 3 ordered 1 is left"}
    assert await taken_back(sessions) == {2: 2}


async def test_never_more_comes_back_than_was_ordered_however_many_return_at_once(
    sessions: Sessions, confirmed: UUID
) -> None:
    draw = random.Random(1)
    plans = [{line: draw.randint(1, 2) for line in draw.sample([1, 2], draw.randint(1, 2))} for _ in range(12)]
    outcomes = await asyncio.gather(
        *(cancel(sessions, ADMIN, confirmed, lines) for lines in plans), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, BaseException)]
    assert {type(outcome) for outcome in refused} <= {CancelledTooMuch, OrderNotPending}
    assert refused
    order = await read_order(sessions, ADMIN, confirmed)
    kept = {item.line: item.cancelled_quantity for item in order.items}
    assert await taken_back(sessions) == kept
    assert all(item.cancelled_quantity <= item.quantity for item in order.items)


async def test_a_keyed_repeat_gets_the_first_answer_and_takes_nothing_back_again(
    sessions: Sessions, confirmed: UUID
) -> None:
    first = await cancel(sessions, ADMIN, confirmed, {1: 2}, key="k")
    await cancel(sessions, ADMIN, confirmed, {1: 1})
    assert await cancel(sessions, ADMIN, confirmed, {1: 2}, key="k") == first
    with pytest.raises(KeyReused):
        await cancel(sessions, ADMIN, confirmed, {1: 1}, key="k")
    assert await taken_back(sessions) == {1: 3}


async def test_repeats_at_the_same_time_take_back_once(sessions: Sessions, confirmed: UUID) -> None:
    answers = await asyncio.gather(*(cancel(sessions, ADMIN, confirmed, {1: 1}, key="k") for _ in range(6)))
    assert all(answer == answers[0] for answer in answers)
    assert await taken_back(sessions) == {1: 1}


async def test_a_refused_cancellation_does_not_use_up_its_key(sessions: Sessions, confirmed: UUID) -> None:
    with pytest.raises(CancelledTooMuch):
        await cancel(sessions, ADMIN, confirmed, {1: 6}, key="k")
    await cancel(sessions, ADMIN, confirmed, {1: 5}, key="k")
    assert await taken_back(sessions) == {1: 5}


async def test_an_order_cancelled_by_the_release_before_shows_all_as_taken_back(
    sessions: Sessions, customer: Caller, order: UUID
) -> None:
    """It writes the order's status alone."""
    async with sessions() as session, session.begin():
        await session.execute(text("UPDATE orders SET status = 'CANCELLED', cancelled_at = now()"))
    assert [item.cancelled_quantity for item in (await read_order(sessions, customer, order)).items] == [2]
