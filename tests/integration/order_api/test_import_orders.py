import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec
import pytest
from sqlalchemy import text
from starlette.requests import ClientDisconnect

from ordercast.services.order_api.orders.answers import ImportAnswer
from ordercast.services.order_api.orders.import_orders import ImportOptions, ImportOrders
from ordercast.services.shared.db.engine import Sessions

CREATE = ImportOptions(create_missing=True, currency="GBP")
KNOWN_ONLY = ImportOptions(create_missing=False, currency="GBP")


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
        (b"{broken", "not valid JSON"),
        (b"\xff\xfe", "not valid"),
        (line("b", occurred_at="yesterday"), "Invalid RFC3339"),
        (line("b", occurred_at="2011-01-04T10:00:00"), "timezone"),
        (line("b", occurred_at="2999-01-01T00:00:00Z"), "future"),
        (line("b", occurred_at="1969-01-01T00:00:00Z"), "before 1970"),
        (line("b", items=[]), "length >= 1"),
        (line("b", items=[{"sku": "a", "quantity": 0, "unit_price": "1"}]), "`int` >= 1"),
        (line("b", items=[{"sku": "a", "quantity": 1_000_001, "unit_price": "1"}]), "`int` <= 1000000"),
        (line("b", items=[{"sku": "a", "quantity": 10**30, "unit_price": "1"}]), "`int`"),
        (line("b", items=[{"sku": "a", "quantity": 1.5, "unit_price": "1"}]), "Expected `int`, got `float`"),
        (line("b", items=[{"sku": "a", "quantity": "1", "unit_price": "1"}]), "Expected `int`, got `str`"),
        (line("b", items=[{"sku": "a", "quantity": 1, "unit_price": "-1"}]), "matching regex"),
        (line("b", items=[{"sku": "a", "quantity": 1, "unit_price": "NaN"}]), "matching regex"),
        (line("b", items=[{"sku": "a", "quantity": 1, "unit_price": 1.0}]), "Expected `str`"),
        (line("b", items=[{"sku": "a\0", "quantity": 1, "unit_price": "1"}]), "matching regex"),
        (line("b", items=[{"sku": "a", "quantity": 1, "unit_price": "1"}] * 2_001), "length <= 2000"),
        (line("b", status="SHIPPED"), "Invalid enum value"),
        (line("b", role="ADMIN"), "unknown field `role`"),
        (line("x" * 256), "length <= 255"),
    ],
)
async def test_a_bad_line_in_the_middle_is_refused_with_its_reason_and_the_rest_counts(
    sessions: Sessions, bad: bytes, reason: str
) -> None:
    answer = await run(sessions, [line("1"), bad, line("2")])
    assert answer.created == 2
    assert [refused.line for refused in answer.refused] == [2]
    assert reason in answer.refused[0].reason


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
