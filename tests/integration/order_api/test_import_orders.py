import asyncio
import itertools
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy import text
from starlette.requests import ClientDisconnect

from ordercast.services.order_api.orders.import_orders import ImportOptions, ImportOrders
from ordercast.services.order_api.refused_lines import RefusedLines
from ordercast.services.shared.db.engine import Sessions
from tests.support.import_lines import CREATE, KNOWN_ONLY, PARTITIONS, item, line, rows, run

TIME = "a time with its zone, such as 2026-01-02T03:04:05Z"
QUANTITY = "a whole number from 1 to 1,000,000"
PRICE = 'a decimal with at most 4 decimals, from 0 to 99999999.9999, as text such as "12.50"'
REFERENCE = "text of 1 to 255 characters on one line, without control characters"
SKU = "text of 1 to 100 characters on one line, without control characters"
NAME = "text of 1 to 200 characters on one line, without control characters"
ACCOUNT = (
    "text of 1 to 255 characters on one line (a shop's reference or an email address; nan, null and none are nobody's)"
    " or an account's id as a number"
)


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


async def test_a_cancellation_is_a_document_of_its_own_that_takes_back_and_orders_nothing(sessions: Sessions) -> None:
    await run(sessions, [line("C1", kind="cancellation")])
    ((event_type, event_id),) = await rows(sessions, "SELECT event_type, event_id FROM outbox")
    ((order_id, status, is_cancellation),) = await rows(sessions, "SELECT id, status, is_cancellation FROM orders")
    assert (event_type, event_id) == ("ordercast.order.cancelled.v1", order_id)
    assert (status, is_cancellation) == ("CANCELLED", True)


@pytest.mark.parametrize(
    ("changes", "events"),
    [
        ({"status": "PENDING"}, ["placed PENDING"]),
        ({}, ["placed CONFIRMED"]),
        ({"confirmed_at": "2011-01-05T00:00:00Z"}, ["placed PENDING", "confirmed 2011-01-05T00:00:00Z"]),
        ({"status": "CANCELLED"}, ["placed PENDING", "cancelled 2011-01-04T10:00:00Z"]),
        (
            {
                "status": "CANCELLED",
                "confirmed_at": "2011-01-05T00:00:00Z",
                "cancelled_at": "2011-01-06T02:00:00+02:00",
            },
            ["placed PENDING", "confirmed 2011-01-05T00:00:00Z", "cancelled 2011-01-06T00:00:00Z"],
        ),
    ],
)
async def test_what_became_of_an_order_follows_it_as_events(
    sessions: Sessions, changes: dict[str, Any], events: list[str]
) -> None:
    answer = await run(sessions, [line("1", **changes)])
    assert (answer.created, answer.refused) == (1, [])
    found = await rows(
        sessions,
        """
        SELECT replace(split_part(event_type, '.', 3), '.v1', '') || ' ' || coalesce(
            body ->> 'status', body ->> 'confirmed_at', body ->> 'cancelled_at')
        FROM (SELECT event_type, convert_from(body, 'UTF8')::json AS body, number FROM outbox) o ORDER BY number
        """,
    )
    assert [event for (event,) in found] == events


async def test_a_refused_line_leaves_nothing_behind(sessions: Sessions) -> None:
    bad = [
        line("1", occurred_at="2999-01-01T00:00:00Z"),
        line("2", account_ref=4711),
        line("3", items=[item(sku="x"), item(sku="y")], account_ref="customer-2", cancelled_at="2011-01-05T00:00:00Z"),
    ]
    answer = await run(sessions, bad)
    assert [refused.line for refused in answer.refused] == [1, 2, 3]
    counts = "SELECT (SELECT count(*) FROM accounts), (SELECT count(*) FROM products), (SELECT count(*) FROM orders)"
    assert [tuple(row) for row in await rows(sessions, counts)] == [(0, 0, 0)]


async def test_a_product_is_created_only_with_a_currency_that_somebody_named(sessions: Sessions) -> None:
    unnamed = ImportOptions(create_missing=True)
    answer = await run(sessions, [line("1")], unnamed)
    assert [refused.reason for refused in answer.refused] == [
        "to create the product '85123A', its currency is needed: in the line, or as ?currency= for all"
    ]
    answer = await run(sessions, [line("1", currency="HRK"), line("2")], unnamed)
    assert (answer.created, answer.refused) == (2, [])
    assert await rows(sessions, "SELECT currency FROM products") == [("HRK",)]
    assert await rows(sessions, "SELECT DISTINCT currency FROM orders") == [("HRK",)]
    wrong = await run(sessions, [line("3", currency="XXY")], unnamed)
    assert [refused.reason for refused in wrong.refused] == [
        'currency must be a currency code of ISO 4217, such as "EUR"'
    ]


async def test_an_order_has_the_currency_that_its_line_names_whatever_its_products_cost_today(
    sessions: Sessions,
) -> None:
    await run(sessions, [line("1"), line("2", currency="EUR", items=[item(sku="e")])])
    both = [item(sku="85123A"), item(sku="e")]
    answer = await run(sessions, [line("3", items=both), line("4", items=both, currency="JPY")])
    assert [refused.reason for refused in answer.refused] == ["an order has one currency, its products have EUR, GBP"]
    assert await rows(sessions, "SELECT currency FROM orders WHERE order_ref = '4'") == [("JPY",)]


async def test_a_product_that_was_given_away_first_is_sold_from_its_first_price_on(sessions: Sessions) -> None:
    gift = [item(unit_price="0.00")]
    assert (await run(sessions, [line("1", items=gift)])).created == 1
    assert await rows(sessions, "SELECT active FROM products") == [(False,)]
    assert (await run(sessions, [line("2", items=[item(unit_price="3")]), line("3", items=gift)])).created == 2
    assert await rows(sessions, "SELECT price::int, active FROM products") == [(3, True)]
    await run(sessions, [line("4", items=[item(sku="b", unit_price="0"), item(sku="b", unit_price="2")])])
    assert await rows(sessions, "SELECT price::int, active FROM products WHERE sku = 'b'") == [(2, True)]


async def test_an_inactive_product_of_the_past_may_have_been_ordered(sessions: Sessions) -> None:
    await run(sessions, [line("1")])
    async with sessions() as session, session.begin():
        await session.execute(text("UPDATE products SET active = false"))
    assert (await run(sessions, [line("2")])).created == 1
    assert await rows(sessions, "SELECT active FROM products") == [(False,)]


async def test_an_account_may_be_named_by_its_id_or_its_email_address(sessions: Sessions) -> None:
    async with sessions() as session, session.begin():
        await session.execute(
            text("""
                INSERT INTO accounts (email, nickname, password_hash, role, login_type)
                VALUES ('Ada@example.com', 'ada', 'x', 'CUSTOMER', 'PASSWORD')
            """)
        )
    ((account,),) = await rows(sessions, "SELECT id FROM accounts")
    answer = await run(sessions, [line("1", account_ref=account), line("2", account_ref="ada@example.com")])
    assert (answer.created, answer.refused) == (2, [])
    assert await rows(sessions, "SELECT DISTINCT account_id FROM orders") == [(account,)]
    # An id as text is a shop's own reference: of nobody yet.
    await run(sessions, [line("3", account_ref=str(account))])
    assert await rows(sessions, "SELECT account_ref FROM accounts WHERE email IS NULL") == [(str(account),)]


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"kind": "cancellation", "status": "CANCELLED"}, "status does not go with the kind cancellation"),
        ({"kind": "cancellation", "cancelled_at": "2011-01-05T00:00:00Z"}, "cancelled_at does not go with the kind"),
        ({"status": "PENDING", "confirmed_at": "2011-01-05T00:00:00Z"}, "confirmed_at does not go with the status"),
        ({"cancelled_at": "2011-01-05T00:00:00Z"}, "cancelled_at does not go with the status CONFIRMED"),
        ({"status": "CANCELLED", "cancelled_at": "2999-01-05T00:00:00Z"}, "cancelled_at lies more than a day"),
        ({"confirmed_at": "1969-01-05T00:00:00Z"}, "confirmed_at lies before 1970"),
        ({"account_ref": 4711}, "there is no account with the id 4711"),
        ({"account_ref": 2**80}, "account_ref must be"),
    ],
)
async def test_a_line_that_contradicts_itself_is_refused(
    sessions: Sessions, changes: dict[str, Any], reason: str
) -> None:
    answer = await run(sessions, [line("1", **changes)])
    assert [refused.reason.partition(reason)[1] for refused in answer.refused] == [reason]


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
    assert [(line.line, line.reason) for line in answer.refused] == [(2, reason)]


async def test_what_programs_write_on_the_way_is_taken_for_what_it_means(sessions: Sessions) -> None:
    items = [item(sku=" 85123A ", name=" HOLDER\t", quantity=2.0, unit_price="0.00")]
    answer = await run(sessions, [line("1", items=items, account_ref="Nancy")])
    assert (answer.created, answer.refused) == (1, [])
    assert [tuple(row) for row in await rows(sessions, "SELECT sku, name FROM products")] == [("85123A", "HOLDER")]
    assert [tuple(row) for row in await rows(sessions, "SELECT quantity, unit_price FROM order_items")] == [(2, 0)]


async def test_unknown_references_are_refused_unless_they_are_to_be_created(sessions: Sessions) -> None:
    answer = await run(sessions, [line("1")], KNOWN_ONLY)
    assert [refused.reason for refused in answer.refused] == [
        "there is no account with the reference or the email address 'customer-1' (an id is given as a number)"
    ]
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

    refused = RefusedLines()
    with pytest.raises(ClientDisconnect):
        await ImportOrders(sessions, partitions=PARTITIONS).run(cut_off(), CREATE, refused)
    refused.close()
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
