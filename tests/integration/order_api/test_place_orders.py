import asyncio
import hashlib
from decimal import Decimal
from typing import Any
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from ordercast.contracts.events import OrderPlaced
from ordercast.services.order_api.errors import (
    InactiveProduct,
    KeyReused,
    MixedCurrencies,
    UnknownAccount,
    UnknownProduct,
)
from ordercast.services.order_api.orders.idempotency import KeyedAnswer
from ordercast.services.order_api.orders.place_orders import Line, OrderRequest, PlaceOrders
from ordercast.services.order_api.orders.read_orders import read_order
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller
from tests.support.seeds import seed_accounts, seed_products

PARTITIONS = 4


@pytest.fixture
def place_orders(sessions: Sessions) -> PlaceOrders:
    return PlaceOrders(sessions, partitions=PARTITIONS)


async def rows(sessions: Sessions, sql: str) -> list[Any]:
    async with sessions() as session:
        return list((await session.execute(text(sql))).all())


def answer(result: KeyedAnswer | Exception) -> dict[str, Any]:
    assert isinstance(result, KeyedAnswer), result
    decoded: dict[str, Any] = msgspec.json.decode(result.body)
    return decoded


def keyed(account: int, product: int, key: str, body: bytes = b"{}") -> OrderRequest:
    return OrderRequest(account, [Line(product, 1)], key, hashlib.sha256(body).digest())


async def test_an_order_copies_the_prices_and_adds_them_up(sessions: Sessions, place_orders: PlaceOrders) -> None:
    (account,) = await seed_accounts(sessions, 1)
    cheap, exact = await seed_products(sessions, ["2.50", "0.125"])
    (result,) = await place_orders([OrderRequest(account, [Line(cheap, 3), Line(exact, 2), Line(cheap, 1)])])
    order = answer(result)
    lines = [
        {name: item[name] for name in item if name not in ("sku", "cancelled_quantity")} for item in order["items"]
    ]
    assert [item["sku"] for item in order["items"]] == ["sku-EUR-0", "sku-EUR-1", "sku-EUR-0"]
    assert lines == [
        {"line": 1, "product_id": cheap, "quantity": 3, "unit_price": "2.50", "line_total": "7.50"},
        {"line": 2, "product_id": exact, "quantity": 2, "unit_price": "0.125", "line_total": "0.25"},
        {"line": 3, "product_id": cheap, "quantity": 1, "unit_price": "2.50", "line_total": "2.50"},
    ]
    assert (order["total"], order["currency"], order["status"]) == ("10.25", "EUR", "PENDING")
    assert len(await rows(sessions, "SELECT * FROM order_items")) == 3


@pytest.mark.parametrize(
    ("currency", "price", "quantity", "total"),
    [
        ("JPY", "12.50", 3, "38"),
        ("EUR", "44.251", 1, "44.25"),
        ("KWD", "1.2345", 1, "1.234"),
        ("BGN", "1.999", 1, "2.00"),
    ],
)
async def test_a_total_can_be_paid_and_is_the_same_in_the_answer_the_event_and_the_table(
    sessions: Sessions, place_orders: PlaceOrders, currency: str, price: str, quantity: int, total: str
) -> None:
    (account,) = await seed_accounts(sessions, 1)
    (product,) = await seed_products(sessions, [price], currency=currency)
    (result,) = await place_orders([OrderRequest(account, [Line(product, quantity)])])
    order = answer(result)
    assert (order["total"], order["items"][0]["line_total"]) == (total, total)
    [stored] = await rows(sessions, "SELECT total, body FROM orders JOIN outbox ON event_id = id")
    assert stored.total == Decimal(total)
    event = msgspec.json.decode(stored.body, type=OrderPlaced)
    assert str(event.total) == total
    assert event.items[0].unit_price == Decimal(price)
    read = await read_order(sessions, Caller(account, "CUSTOMER"), event.order_id)
    assert msgspec.json.decode(msgspec.json.encode(read)) == order


async def test_an_order_from_before_the_rule_keeps_the_total_it_was_placed_with(
    sessions: Sessions, place_orders: PlaceOrders
) -> None:
    (account,) = await seed_accounts(sessions, 1)
    (product,) = await seed_products(sessions, ["12.5"], currency="JPY")
    (result,) = await place_orders([OrderRequest(account, [Line(product, 3)])])
    async with sessions() as session, session.begin():
        await session.execute(text("UPDATE orders SET total = 37.5"))
    read = await read_order(sessions, Caller(account, "CUSTOMER"), UUID(answer(result)["id"]))
    assert read.total == Decimal("37.5")


async def test_each_order_has_one_event_in_its_transaction_with_dense_numbers(
    sessions: Sessions, place_orders: PlaceOrders
) -> None:
    accounts = await seed_accounts(sessions, 6)
    (product,) = await seed_products(sessions, ["1"])
    requests = [OrderRequest(account, [Line(product, 1)]) for account in accounts * 3]
    await asyncio.gather(*(place_orders(requests[start : start + 6]) for start in range(0, 18, 6)))
    outbox = await rows(sessions, "SELECT shard, number, event_id, account_id, body FROM outbox ORDER BY shard, number")
    orders = await rows(sessions, "SELECT id FROM orders")
    assert sorted(row.event_id for row in outbox) == sorted(row.id for row in orders)
    for shard in range(PARTITIONS):
        events = [row for row in outbox if row.shard == shard]
        assert [row.number for row in events] == list(range(1, len(events) + 1))
        assert all(row.account_id % PARTITIONS == shard for row in events)
    event = msgspec.json.decode(outbox[0].body, type=OrderPlaced)
    assert (event.order_id, event.status) == (outbox[0].event_id, "PENDING")


async def test_one_bad_order_of_a_batch_leaves_no_trace_and_the_others_are_placed(
    sessions: Sessions, place_orders: PlaceOrders
) -> None:
    (account,) = await seed_accounts(sessions, 1)
    (euros,) = await seed_products(sessions, ["1"])
    (dollars,) = await seed_products(sessions, ["1"], currency="USD")
    good = OrderRequest(account, [Line(euros, 1)])
    results = await place_orders(
        [
            good,
            OrderRequest(account, [Line(euros, 1), Line(10**9, 1)]),
            OrderRequest(account, [Line(euros, 1), Line(dollars, 1)]),
            good,
        ]
    )
    assert isinstance(results[1], UnknownProduct)
    assert list(results[1].fields) == ["items.1.product_id"]
    assert isinstance(results[2], MixedCurrencies)
    assert len(await rows(sessions, "SELECT * FROM orders")) == len(await rows(sessions, "SELECT * FROM outbox")) == 2


async def test_an_account_that_is_gone_does_not_take_the_others_along(
    sessions: Sessions, place_orders: PlaceOrders
) -> None:
    (account,) = await seed_accounts(sessions, 1)
    (product,) = await seed_products(sessions, ["1"])
    lines = [Line(product, 1)]
    results = await place_orders(
        [OrderRequest(account, lines), OrderRequest(10**9, lines), OrderRequest(account, lines)]
    )
    assert [isinstance(result, KeyedAnswer) for result in results] == [True, False, True]
    assert isinstance(results[1], UnknownAccount)
    assert len(await rows(sessions, "SELECT * FROM orders")) == 2


async def test_the_same_key_and_body_get_the_first_answer_and_one_order(
    sessions: Sessions, place_orders: PlaceOrders
) -> None:
    (account,) = await seed_accounts(sessions, 1)
    (product,) = await seed_products(sessions, ["1"])
    (first,) = await place_orders([keyed(account, product, "k")])
    (second,) = await place_orders([keyed(account, product, "k")])
    assert answer(second) == answer(first)
    assert isinstance(first, KeyedAnswer) and isinstance(second, KeyedAnswer)  # noqa: PT018 - for the types
    assert (first.replayed, second.replayed) == (False, True)
    assert len(await rows(sessions, "SELECT * FROM orders")) == len(await rows(sessions, "SELECT * FROM outbox")) == 1


async def test_the_same_key_with_another_body_is_refused(sessions: Sessions, place_orders: PlaceOrders) -> None:
    (account,) = await seed_accounts(sessions, 1)
    (product,) = await seed_products(sessions, ["1"])
    await place_orders([keyed(account, product, "k")])
    (second,) = await place_orders([keyed(account, product, "k", body=b"other")])
    assert isinstance(second, KeyReused)


async def test_a_key_belongs_to_its_account(sessions: Sessions, place_orders: PlaceOrders) -> None:
    one, other = await seed_accounts(sessions, 2)
    (product,) = await seed_products(sessions, ["1"])
    results = await place_orders([keyed(one, product, "k"), keyed(other, product, "k")])
    assert answer(results[0])["id"] != answer(results[1])["id"]


async def test_a_key_may_come_again_after_its_24_hours(sessions: Sessions, place_orders: PlaceOrders) -> None:
    (account,) = await seed_accounts(sessions, 1)
    (product,) = await seed_products(sessions, ["1"])
    (first,) = await place_orders([keyed(account, product, "k")])
    async with sessions() as session, session.begin():
        await session.execute(text("UPDATE idempotency_keys SET claimed_at = claimed_at - interval '25 hours'"))
    (second,) = await place_orders([keyed(account, product, "k", body=b"other")])
    assert answer(second)["id"] != answer(first)["id"]


async def test_two_services_with_the_same_keys_at_once_make_one_order_for_each(sessions: Sessions) -> None:
    accounts = await seed_accounts(sessions, 8)
    (product,) = await seed_products(sessions, ["1"])
    requests = [keyed(account, product, "k") for account in accounts]
    one, other = PlaceOrders(sessions, partitions=PARTITIONS), PlaceOrders(sessions, partitions=PARTITIONS)
    for _ in range(5):
        first, second = await asyncio.gather(one(requests), other(requests[::-1]))
        assert [*map(answer, first)] == [*map(answer, second[::-1])]
    assert len(await rows(sessions, "SELECT * FROM orders")) == len(accounts)


async def test_a_refused_order_does_not_use_up_its_key(sessions: Sessions, place_orders: PlaceOrders) -> None:
    (account,) = await seed_accounts(sessions, 1)
    (product,) = await seed_products(sessions, ["1"])
    (refused,) = await place_orders([keyed(account, 10**9, "k", body=b"wrong product")])
    assert isinstance(refused, UnknownProduct)
    (placed,) = await place_orders([keyed(account, product, "k", body=b"corrected")])
    assert answer(placed)["status"] == "PENDING"


async def deactivate(sessions: Sessions, product: int) -> None:
    async with sessions() as session, session.begin():
        await session.execute(text("UPDATE products SET active = false WHERE id = :id"), {"id": product})


async def test_an_inactive_product_cannot_be_ordered_and_the_others_of_the_batch_are_placed(
    sessions: Sessions, place_orders: PlaceOrders
) -> None:
    (account,) = await seed_accounts(sessions, 1)
    sold, gone = await seed_products(sessions, ["1", "2"])
    await deactivate(sessions, gone)
    good = OrderRequest(account, [Line(sold, 1)])
    placed, refused = await place_orders([good, OrderRequest(account, [Line(sold, 1), Line(gone, 1)])])
    assert answer(placed)["status"] == "PENDING"
    assert isinstance(refused, InactiveProduct)
    assert refused.fields == {"items.1.product_id": "the product is not active"}
    assert len(await rows(sessions, "SELECT * FROM orders")) == len(await rows(sessions, "SELECT * FROM outbox")) == 1


async def test_a_keyed_repeat_gets_the_first_answer_when_its_product_was_made_inactive_since(
    sessions: Sessions, place_orders: PlaceOrders
) -> None:
    (account,) = await seed_accounts(sessions, 1)
    (product,) = await seed_products(sessions, ["1"])
    (first,) = await place_orders([keyed(account, product, "k")])
    await deactivate(sessions, product)
    repeated, other_body, new = await place_orders(
        [keyed(account, product, "k"), keyed(account, product, "k", body=b"other"), keyed(account, product, "new")]
    )
    assert answer(repeated) == answer(first)
    assert isinstance(other_body, KeyReused)
    assert isinstance(new, InactiveProduct)
    assert len(await rows(sessions, "SELECT * FROM orders")) == 1
