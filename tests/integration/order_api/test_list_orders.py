"""GET /orders: which orders, in which order, page by page, and by which index."""

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

import ordercast.services.order_api.orders.read_orders as read_orders_module
from ordercast.contracts.events import OrderItem
from ordercast.services.order_api.errors import InvalidPeriod, NotAllowed, OrderNotFound
from ordercast.services.order_api.orders.read_orders import (
    OrderFilter,
    OrderList,
    Sort,
    page_query,
    read_orders,
)
from ordercast.services.order_api.orders.tables import Order
from ordercast.services.order_api.orders.write_orders import OrderRow, write_orders
from ordercast.services.shared.db.engine import Sessions, open_database
from ordercast.services.shared.http.caller import Caller
from tests.support.order_api import RunningApi
from tests.support.seeds import seed_accounts, seed_products

ADMIN = Caller(10**6, "ADMIN", for_all=True)
YEAR_2015 = datetime(2015, 3, 1, tzinfo=UTC)
# Some 700 pages of orders: enough for the planner to know a walk through all of them from a look into an index.
FILLED = """
    INSERT INTO orders (id, account_id, status, currency, total, created_at, updated_at)
    SELECT gen_random_uuid(), :first + n % 200, CASE WHEN n % 500 = 0 THEN 'PENDING' ELSE 'CONFIRMED' END, 'EUR', 1,
        timestamptz '2020-01-01Z' + n * interval '1 hour', timestamptz '2026-01-01Z' + n * interval '1 second'
    FROM generate_series(0, 39999) AS n
"""
FILLED_ITEMS = """
    INSERT INTO order_items (order_id, line, product_id, quantity, unit_price)
    SELECT id, 1, CASE n WHEN 7 THEN CAST(:rare AS bigint) ELSE CAST(:common AS bigint) END, 1, 1
    FROM (SELECT id, row_number() OVER (ORDER BY created_at) AS n FROM orders) AS o
"""


async def write(sessions: Sessions, account: int, product: int, *times: datetime, ref: str | None = None) -> list[UUID]:
    rows = [
        OrderRow(uuid4(), account, "CONFIRMED", "EUR", [OrderItem(1, product, 1, Decimal(1))], time, ref)
        for time in times
    ]
    async with sessions() as session, session.begin():
        await write_orders(session, rows)
    return [row.id for row in rows]


async def listed(sessions: Sessions, caller: Caller = ADMIN, sort: Sort | None = None, **wanted: Any) -> list[UUID]:
    page = await read_orders(sessions, caller, OrderList(OrderFilter(**wanted), sort))
    return [order.id for order in page.data]


async def test_without_their_lines_a_page_has_all_orders_that_are_asked_for(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    (account,) = await seed_accounts(sessions, 1)
    (product,) = await seed_products(sessions, ["1"])
    await write(sessions, account, product, *(YEAR_2015 + timedelta(days=day) for day in range(3)))
    monkeypatch.setattr(read_orders_module, "MAX_PAGE_ITEMS", 1)
    pages = [await read_orders(sessions, ADMIN, OrderList(limit=2, with_lines=lines)) for lines in (True, False)]
    assert [[len(order.items) for order in page.data] for page in pages] == [[1], [0, 0]]
    assert [page.has_more for page in pages] == [True, True]
    assert pages[0].data[0].total == pages[1].data[0].total


async def test_the_newest_by_their_own_time_come_first_whenever_they_were_imported(sessions: Sessions) -> None:
    (account,) = await seed_accounts(sessions, 1)
    (product,) = await seed_products(sessions, ["1"])
    today, old = datetime.now(UTC), YEAR_2015
    (new,) = await write(sessions, account, product, today)
    (oldest, older) = await write(sessions, account, product, old, old + timedelta(days=1))
    assert await listed(sessions) == [new, older, oldest]
    assert await listed(sessions, sort="created_at") == [oldest, older, new]


@pytest.mark.parametrize("sort", ["-created_at", "created_at"])
async def test_pages_hold_each_order_once_while_others_come_in(sessions: Sessions, sort: Sort) -> None:
    """Many have the same time, as in an import."""
    (account,) = await seed_accounts(sessions, 1)
    (product,) = await seed_products(sessions, ["1"])
    times = [YEAR_2015 + timedelta(days=n // 4) for n in range(17)]
    written = await write(sessions, account, product, *times)
    seen: list[UUID] = []
    has_more = True
    while has_more:
        page = await read_orders(
            sessions, ADMIN, OrderList(sort=sort, starting_after=seen[-1] if seen else None, limit=3)
        )
        seen, has_more = seen + [order.id for order in page.data], page.has_more
        beyond = YEAR_2015 + timedelta(days=400 if sort == "-created_at" else -400)
        await write(sessions, account, product, beyond)
    in_order = sorted(zip(times, written, strict=True), reverse=sort == "-created_at")
    assert seen == [order_id for _, order_id in in_order]


@pytest.mark.parametrize("sort", ["-created_at", "created_at"])
async def test_a_page_ends_before_its_lines_are_too_many_and_none_is_left_out(
    sessions: Sessions, sort: Sort, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(read_orders_module, "MAX_PAGE_ITEMS", 10)
    (account,) = await seed_accounts(sessions, 1)
    (product,) = await seed_products(sessions, ["1"])
    lines = [4, 6, 1, 10, 11, 30, 9, 1, 1, 5, 5, 1]
    rows = [
        OrderRow(
            uuid4(),
            account,
            "CONFIRMED",
            "EUR",
            [OrderItem(line, product, 1, Decimal(1)) for line in range(1, count + 1)],
            YEAR_2015 + timedelta(days=day),
        )
        for day, count in enumerate(lines)
    ]
    async with sessions() as session, session.begin():
        await write_orders(session, rows)
    pages: list[list[int]] = []
    last, has_more = None, True
    while has_more:
        page = await read_orders(sessions, ADMIN, OrderList(sort=sort, starting_after=last, limit=5))
        pages.append([len(order.items) for order in page.data])
        last, has_more = page.data[-1].id, page.has_more
    if sort == "created_at":
        assert pages == [[4, 6], [1], [10], [11], [30], [9, 1], [1, 5], [5, 1]]
    assert [count for page in pages for count in page] == lines[:: 1 if sort == "created_at" else -1]
    assert all(sum(page) <= 10 or len(page) == 1 for page in pages)


async def test_each_filter_lets_through_what_it_says_and_all_of_them_together(sessions: Sessions) -> None:
    one, other = await seed_accounts(sessions, 2)
    mug, pot = await seed_products(sessions, ["1", "2"])
    (first,) = await write(sessions, one, mug, YEAR_2015, ref="R/1")
    (second,) = await write(sessions, other, pot, YEAR_2015 + timedelta(days=1))
    async with sessions() as session, session.begin():
        change = "UPDATE orders SET status = 'CANCELLED', updated_at = '2031-01-01Z' WHERE id = :id"
        await session.execute(text(change), {"id": second})
    day, year_2030 = timedelta(days=1), datetime(2030, 1, 1, tzinfo=UTC)
    filters: dict[str, tuple[Any, Any]] = {
        "status": ("CONFIRMED", "CANCELLED"),
        "account_id": (one, other),
        "product_id": (mug, pot),
        "created_to": (YEAR_2015 + day, None),
        "created_from": (None, YEAR_2015 + day),
        "updated_to": (year_2030, None),
        "updated_from": (None, year_2030),
    }
    for name, values in filters.items():
        for value, order in zip(values, (first, second), strict=True):
            if value is not None:
                assert await listed(sessions, **{name: value}) == [order], name
    assert await listed(sessions, order_ref="R/1") == [first]
    assert await listed(sessions, order_ref="R/2") == []
    assert await listed(sessions, status="CANCELLED", account_id=one) == []
    together = {name: values[0] for name, values in filters.items() if values[0] is not None}
    assert await listed(sessions, **together, order_ref="R/1") == [first]


async def test_a_customer_who_asks_for_anothers_orders_is_told_that_it_is_not_allowed(sessions: Sessions) -> None:
    one, other = await seed_accounts(sessions, 2)
    (product,) = await seed_products(sessions, ["1"])
    (mine,) = await write(sessions, one, product, YEAR_2015)
    (anothers,) = await write(sessions, other, product, YEAR_2015, ref="R")
    caller = Caller(one, "CUSTOMER")
    assert await listed(sessions, caller) == await listed(sessions, caller, account_id=one) == [mine]
    assert await listed(sessions, caller, order_ref="R") == []
    with pytest.raises(NotAllowed, match="another account's orders"):
        await listed(sessions, caller, account_id=other)
    with pytest.raises(OrderNotFound):
        await read_orders(sessions, caller, OrderList(starting_after=anothers))


async def test_times_the_wrong_way_round_are_refused(sessions: Sessions) -> None:
    for name in ("created", "updated"):
        wanted = OrderFilter(**{f"{name}_from": YEAR_2015, f"{name}_to": YEAR_2015})  # type: ignore[arg-type]
        with pytest.raises(InvalidPeriod) as caught:
            await read_orders(sessions, ADMIN, OrderList(wanted))
        assert list(caught.value.fields) == [f"{name}_to"]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("status=SHIPPED", "status"),
        ("status=pending", "status"),
        ("account_id=0", "account_id"),
        ("account_id=x", "account_id"),
        ("product_id=9223372036854775808", "product_id"),
        ("order_ref=", "order_ref"),
        ("order_ref=%00", "order_ref"),
        ("created_from=2026-01-01", "created_from"),
        ("created_to=9999-12-31T23:59:59-12:00", "created_to"),
        ("created_from=0001-01-01T00:00:00%2B12:00", "created_from"),
        ("updated_from=2026-01-01T00:00:00", "updated_from"),
        ("updated_to=x", "updated_to"),
        ("sort=total", "sort"),
        ("starting_after=1", "starting_after"),
        ("updated_after=x", "updated_after"),
        ("updated_after=start&status=PENDING", "updated_after"),
        ("limit=0", "limit"),
    ],
)
async def test_a_filter_that_cannot_be_is_named(shared_api: RunningApi, query: str, field: str) -> None:
    token = shared_api.service.log_in.signer.sign(Caller(1, "ADMIN"))
    headers = {"Authorization": f"Bearer {token}"}
    answer = await shared_api.client.get(f"/orders?{query}", headers=headers)
    assert (answer.status_code, [error["field"] for error in answer.json()["errors"]]) == (422, [field])


async def test_filters_and_cursors_over_http(api: RunningApi) -> None:
    admin, customer = await api.admin(), await api.customer()
    product = (await api.product(admin, price="2.50"))["id"]
    body = {"items": [{"product_id": product, "quantity": 1}]}
    placed = [(await api.client.post("/orders", json=body, headers=customer.headers)).json()["id"] for _ in range(3)]
    query = f"/orders?status=PENDING&account_id={customer.id}&product_id={product}&created_from=2026-01-01T00:00:00Z"
    page = (await api.client.get(f"{query}&sort=created_at&limit=2", headers=admin.headers)).json()
    assert ([order["id"] for order in page["data"]], page["has_more"]) == (placed[:2], True)
    changes = (await api.client.get("/orders?updated_after=start&limit=2", headers=admin.headers)).json()
    assert ([order["id"] for order in changes["data"]], changes["has_more"]) == (placed[:2], True)
    rest = await api.client.get(f"/orders?updated_after={changes['next_cursor']}", headers=admin.headers)
    assert [order["id"] for order in rest.json()["data"]] == placed[2:]
    for refused in (f"account_id={admin.id}", "updated_after=start"):
        answer = await api.client.get(f"/orders?{refused}", headers=customer.headers)
        assert (answer.status_code, answer.json()["type"]) == (403, "/problems/forbidden")


@pytest.fixture(scope="module")
async def plans(module_database_url: str) -> Any:
    """Explains lists of a table with 40,000 orders."""
    async with open_database(module_database_url, application="test", pool_size=2) as sessions:
        accounts = await seed_accounts(sessions, 200)
        common, rare = await seed_products(sessions, ["1", "2"])
        async with sessions() as session, session.begin():
            await session.execute(text(FILLED), {"first": accounts[0]})
            await session.execute(text(FILLED_ITEMS), {"common": common, "rare": rare})
            await session.execute(text("UPDATE orders SET order_ref = 'R' WHERE created_at = '2020-01-01Z'"))
        async with sessions() as session:
            await (await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})).execute(
                text("VACUUM ANALYZE orders, order_items")
            )

        async def explain(caller: Caller, asked: OrderList, last: Order | None = None) -> str:
            async with sessions() as session:
                query = page_query(caller, asked, last)
                compiled = query.compile(session.bind, compile_kwargs={"literal_binds": True})
                explained = f"EXPLAIN (ANALYZE, TIMING OFF) {compiled}".replace(":", r"\:")
                rows = await session.execute(text(explained))
                return "\n".join(row[0] for row in rows)

        yield explain, accounts, rare


@pytest.mark.parametrize(
    ("index", "wanted"),
    [
        ("ix_orders_created_at_id", {}),
        ("ix_orders_created_at_id", {"status": "CONFIRMED"}),
        ("ix_orders_created_at_id", {"created_to": datetime(2020, 6, 1, tzinfo=UTC)}),
        ("ix_orders_not_confirmed", {"status": "PENDING"}),
        ("ix_orders_not_confirmed", {"status": "CANCELLED"}),
        ("ix_orders_account_id_created_at_id", {"account_id": 0}),
        ("ix_order_items_product_id_order_id", {"product_id": 0}),
        ("uq_orders_order_ref", {"order_ref": "R"}),
        (
            "ix_orders_updated_at",
            {
                "updated_from": datetime(2026, 1, 1, tzinfo=UTC),
                "updated_to": datetime(2026, 1, 1, 0, 0, 10, tzinfo=UTC),
            },
        ),
    ],
)
async def test_each_filter_has_an_index_that_spares_reading_all_orders(
    plans: Any, index: str, wanted: dict[str, Any]
) -> None:
    explain, accounts, rare = plans
    values = {"account_id": accounts[3], "product_id": rare}
    asked = OrderFilter(**{name: values.get(name, value) for name, value in wanted.items()})
    for sort in ("-created_at", "created_at"):
        plan = await explain(ADMIN, OrderList(asked, sort, limit=20))
        assert index in plan, plan
        assert "Seq Scan on orders" not in plan, plan
        removed = sum(int(number) for number in re.findall(r"Rows Removed by (?:Filter|Index Recheck): (\d+)", plan))
        assert removed < 4_000, plan


async def test_a_late_page_costs_what_the_first_one_does(plans: Any) -> None:
    explain, accounts, _ = plans
    last = Order(id=uuid4(), created_at=datetime(2021, 1, 1, tzinfo=UTC))
    for caller in (ADMIN, Caller(accounts[3], "CUSTOMER")):
        plan = await explain(caller, OrderList(limit=20), last)
        assert "Index Cond" in plan, plan
        assert "Rows Removed" not in plan, plan
