import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest
from sqlalchemy import text
from starlette.requests import ClientDisconnect

from ordercast.services.order_api.orders.answers import ImportAnswer, RefusedLine
from ordercast.services.order_api.orders.import_orders import ImportOptions, ImportOrders
from ordercast.services.shared.db.engine import Sessions

CREATE = ImportOptions(create_missing=True, currency="GBP")
KNOWN_ONLY = ImportOptions(create_missing=False, currency="GBP")


TIME = "a time with its zone, such as 2026-01-02T03:04:05Z"
QUANTITY = "a whole number from 1 to 1,000,000"
PRICE = 'a decimal with at most 4 decimals, from 0 to 99999999.9999, as text such as "12.50"'
REFERENCE = "text of 1 to 255 characters on one line, without control characters"
SKU = "text of 1 to 100 characters on one line, without control characters"
NAME = "text of 1 to 200 characters on one line, without control characters"
ACCOUNT = (
    "text of 1 to 255 characters on one line (a shop's reference or an email address; nan, null and none are nobody's)"
)


def item(**changes: Any) -> dict[str, Any]:
    return {"sku": "a", "quantity": 1, "unit_price": "1"} | changes


def line(ref: str, **changes: Any) -> bytes:
    order = {
        "order_ref": ref,
        "account_ref": "customer-1",
        "occurred_at": "2011-01-04T10:00:00Z",
        "items": [{"sku": "85123A", "name": "HOLDER", "quantity": 6, "unit_price": "2.55"}],
    }
    return msgspec.json.encode(order | changes)


async def run(sessions: Sessions, lines: Sequence[bytes], options: ImportOptions = CREATE) -> ImportAnswer:
    async def body() -> AsyncIterator[bytes]:
        yield b"\n".join(lines)

    return await ImportOrders(sessions, partitions=4).run(body(), options)


async def rows(sessions: Sessions, sql: str) -> list[Any]:
    async with sessions() as session:
        return list((await session.execute(text(sql))).all())


async def test_orders_come_in_with_their_own_times_and_prices(sessions: Sessions) -> None:
    answer = await run(sessions, [line("1"), line("2", status="PENDING")])
    assert (answer.created, answer.repeated, answer.refused) == (2, 0, [])
    orders = await rows(sessions, "SELECT order_ref, status, total, created_at::text AS at FROM orders ORDER BY 1")
    assert [(row.order_ref, row.status, str(row.total)) for row in orders] == [
        ("1", "CONFIRMED", "15.3000"),
        ("2", "PENDING", "15.3000"),
    ]
    assert orders[0].at == "2011-01-04 10:00:00+00"
    (account,) = await rows(sessions, "SELECT * FROM accounts")
    assert (account.account_ref, account.login_type, account.password_hash) == ("customer-1", "EXTERNAL", None)


async def test_a_repeated_import_creates_nothing_and_publishes_nothing(sessions: Sessions) -> None:
    lines = [line(str(number)) for number in range(450)]
    assert (await run(sessions, lines)).created == 450
    again = await run(sessions, lines)
    assert (again.created, again.repeated) == (0, 450)
    ((events,),) = await rows(sessions, "SELECT count(*) FROM outbox")
    assert events == 450


async def test_the_same_order_twice_in_one_import_is_one_order(sessions: Sessions) -> None:
    answer = await run(sessions, [line("1"), line("1"), line("2")])
    assert (answer.created, answer.repeated) == (2, 1)


async def test_a_cancellation_takes_back_and_orders_nothing(sessions: Sessions) -> None:
    await run(sessions, [line("C1", status="CANCELLED")])
    ((event_type, event_id),) = await rows(sessions, "SELECT event_type, event_id FROM outbox")
    ((order_id, is_cancellation),) = await rows(sessions, "SELECT id, is_cancellation FROM orders")
    assert (event_type, event_id, is_cancellation) == ("ordercast.order.cancelled.v1", order_id, True)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (b"{broken", "not valid JSON: JSON is malformed: object keys must be strings (byte 1)"),
        (b"\xff\xfe", "not valid JSON: JSON is malformed: invalid character (byte 0)"),
        (line("b", occurred_at="yesterday"), f"occurred_at must be {TIME}"),
        (line("b", occurred_at="2011-01-04T10:00:00"), f"occurred_at must be {TIME}"),
        (line("b", occurred_at="2999-01-01T00:00:00Z"), "occurred_at lies more than a day in the future"),
        (line("b", occurred_at="1969-01-01T00:00:00Z"), "occurred_at lies before 1970"),
        (line("b", items=[]), "items must be a list of 1 to 2,000 items"),
        (line("b", items=[item()] * 2_001), "items must be a list of 1 to 2,000 items"),
        (line("b", items=[item(), item(quantity=0)]), f"items.1.quantity must be {QUANTITY}"),
        (line("b", items=[item(quantity=1_000_001)]), f"items.0.quantity must be {QUANTITY}"),
        (line("b", items=[item(quantity=10**30)]), f"items.0.quantity must be {QUANTITY}"),
        (line("b", items=[item(quantity=1.5)]), f"items.0.quantity must be {QUANTITY}"),
        (line("b", items=[item(quantity="1")]), f"items.0.quantity must be {QUANTITY}"),
        (line("b", items=[item(unit_price="-1")]), f"items.0.unit_price must be {PRICE}"),
        (line("b", items=[item(unit_price="1.00001")]), f"items.0.unit_price must be {PRICE}"),
        (line("b", items=[item(unit_price="NaN")]), f"items.0.unit_price must be {PRICE}"),
        (line("b", items=[item(unit_price=1.0)]), f"items.0.unit_price must be {PRICE}"),
        (line("b", items=[item(sku="a\0")]), f"items.0.sku must be {SKU}"),
        (line("b", items=[item(sku="a\nb")]), f"items.0.sku must be {SKU}"),
        (line("b", items=[item(sku="  ")]), f"items.0.sku must be {SKU}"),
        (line("b", items=[item(sku="x" * 101)]), f"items.0.sku must be {SKU}"),
        (line("b", items=[item(name="x" * 201)]), f"items.0.name must be {NAME}"),
        (line("b", items=[item(name="two\u2028lines")]), f"items.0.name must be {NAME}"),
        (line("b", status="SHIPPED"), "status must be CANCELLED or CONFIRMED or PENDING"),
        (line("b", role="ADMIN"), "there is no field role"),
        (line("x" * 256), f"order_ref must be {REFERENCE}"),
        (line(" "), f"order_ref must be {REFERENCE}"),
        (line("a\tb"), f"order_ref must be {REFERENCE}"),
        (line("b", account_ref="nan"), f"account_ref must be {ACCOUNT}"),
        (line("b", account_ref="NULL"), f"account_ref must be {ACCOUNT}"),
        (line("b", account_ref=" None "), f"account_ref must be {ACCOUNT}"),
    ],
)
async def test_a_bad_line_in_the_middle_is_refused_with_its_reason_and_the_rest_counts(
    sessions: Sessions, bad: bytes, reason: str
) -> None:
    answer = await run(sessions, [line("1"), bad, line("2")])
    assert answer.created == 2
    assert answer.refused == [RefusedLine(2, reason)]


async def test_what_programs_write_on_the_way_is_taken_for_what_it_means(sessions: Sessions) -> None:
    items = [item(sku=" 85123A ", name=" HOLDER\t", quantity=2.0, unit_price="0.00")]
    answer = await run(sessions, [line("1", items=items, account_ref="Nancy")])
    assert (answer.created, answer.refused) == (1, [])
    assert [tuple(row) for row in await rows(sessions, "SELECT sku, name FROM products")] == [("85123A", "HOLDER")]
    assert [tuple(row) for row in await rows(sessions, "SELECT quantity, unit_price FROM order_items")] == [(2, 0)]


async def test_unknown_references_are_refused_unless_they_are_to_be_created(sessions: Sessions) -> None:
    answer = await run(sessions, [line("1")], KNOWN_ONLY)
    assert [refused.reason for refused in answer.refused] == ["there is no account with the reference 'customer-1'"]
    await run(sessions, [line("1")])
    other = [{"sku": "new", "quantity": 1, "unit_price": "1"}]
    answer = await run(sessions, [line("2"), line("3", items=other)], KNOWN_ONLY)
    assert answer.created == 1
    assert [refused.reason for refused in answer.refused] == ["there is no product with the sku 'new'"]


async def test_an_account_reference_that_is_somebodys_nickname_gets_a_suffix(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        await session.execute(
            text("INSERT INTO accounts (nickname, role, login_type) VALUES ('customer-1', 'CUSTOMER', 'EXTERNAL')")
        )
    await run(sessions, [line("1")])
    assert ("customer-1_1", "customer-1") in await rows(sessions, "SELECT nickname, account_ref FROM accounts")


async def test_a_client_that_goes_away_leaves_whole_chunks_and_a_repeat_completes_them(sessions: Sessions) -> None:
    lines = [line(str(number)) for number in range(500)]

    async def cut_off() -> AsyncIterator[bytes]:
        yield b"\n".join(lines[:450]) + b"\n" + lines[450][:20]
        raise ClientDisconnect

    with pytest.raises(ClientDisconnect):
        await ImportOrders(sessions, partitions=4).run(cut_off(), CREATE)
    ((orders, events),) = await rows(sessions, "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM outbox)")
    assert orders == events == 400
    answer = await run(sessions, lines)
    assert (answer.created, answer.repeated) == (100, 400)


async def test_two_imports_of_the_same_history_at_once_make_each_order_once(sessions: Sessions) -> None:
    accounts = itertools.cycle(["a", "b", "c"])
    lines = [line(str(number), account_ref=next(accounts)) for number in range(300)]
    first, second = await asyncio.gather(run(sessions, lines), run(sessions, lines[::-1]))
    assert first.created + second.created == first.repeated + second.repeated == 300
    ((orders, events),) = await rows(sessions, "SELECT (SELECT count(*) FROM orders), (SELECT count(*) FROM outbox)")
    assert orders == events == 300
