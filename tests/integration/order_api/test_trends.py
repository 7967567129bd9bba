"""GET /trends over rows as the worker writes them."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import text

from ordercast.services.order_api.trends.read_trends import Period, top_products_query
from ordercast.services.shared.db.features import ProductTrend, ShopTrend
from tests.support.order_api import Member, RunningApi

NEWEST = date(2011, 12, 9)
NOON = datetime(2011, 12, 9, 12, tzinfo=UTC)


async def add_trends(api: RunningApi, *rows: tuple[int, datetime, int, int, int]) -> None:
    """Rows of (product_id, starts_at, orders, quantity, views) of products, and of the shop as if each order had one product."""
    async with api.service.sessions() as session, session.begin():
        for number, (product_id, starts_at, orders, quantity, views) in enumerate(rows):
            figures = {"orders": orders, "order_lines": orders, "quantity": quantity, "views": views}
            session.add(ProductTrend(product_id=product_id, starts_at=starts_at, **figures))
            session.add(ShopTrend(partition=number, starts_at=starts_at, **figures))


async def trends_of(api: RunningApi, admin: Member, **params: str | int) -> dict[str, list[dict[str, object]]]:
    answer = await api.client.get("/trends", params=params, headers=admin.headers)
    assert answer.status_code == 200, answer.text
    body: dict[str, list[dict[str, object]]] = answer.json()
    return body


def day_of(back: int) -> datetime:
    return NOON - timedelta(days=back)


async def test_days_add_up_the_shop_and_the_most_ordered_product_comes_first(api: RunningApi) -> None:
    admin = await api.admin()
    mug, cup = await api.product(admin), await api.product(admin)
    later = NOON + timedelta(minutes=15)
    async with api.service.sessions() as session, session.begin():
        session.add_all(
            [
                # Two orders with both products, one with the cup alone, and something taken back on the day after its order.
                ProductTrend(product_id=mug["id"], starts_at=NOON, orders=2, order_lines=3, quantity=5, views=10),
                ProductTrend(product_id=cup["id"], starts_at=NOON, orders=2, order_lines=2, quantity=7, views=4),
                ProductTrend(product_id=cup["id"], starts_at=later, orders=1, order_lines=1, quantity=2, views=1),
                ProductTrend(product_id=mug["id"], starts_at=NOON + timedelta(days=1), cancelled_quantity=4),
                ShopTrend(starts_at=NOON, partition=0, orders=1, order_lines=2, quantity=5, views=14),
                ShopTrend(starts_at=NOON, partition=1, orders=1, order_lines=3, quantity=7),
                ShopTrend(starts_at=later, partition=1, orders=1, order_lines=1, quantity=2, views=1),
                ShopTrend(starts_at=NOON + timedelta(days=1), partition=0, cancelled_quantity=4),
            ]
        )
    names = ("orders", "order_lines", "quantity", "cancelled_quantity", "net_quantity", "views", "conversion")

    answer = await trends_of(api, admin)

    assert answer == {
        "tz": "UTC",
        "days": [
            {"date": "2011-12-09", **dict(zip(names, (3, 6, 14, 0, 14, 15, 0.2), strict=True))},
            {"date": "2011-12-10", **dict(zip(names, (0, 0, 0, 4, -4, 0, None), strict=True))},
        ],
        "top_products": [
            {
                "product_id": product["id"],
                "sku": product["sku"],
                "name": product["name"],
                **dict(zip(names, figures, strict=True)),
            }
            for product, figures in ((cup, (3, 3, 9, 0, 9, 5, 0.6)), (mug, (2, 3, 5, 4, 1, 10, 0.2)))
        ],
    }


@pytest.mark.parametrize(
    ("tz", "days"),
    [
        ("UTC", {"2011-12-08": 1, "2011-12-09": 14}),
        ("Asia/Kathmandu", {"2011-12-09": 7, "2011-12-10": 8}),  # 5:45 ahead: its day begins at 18:15
        ("America/St_Johns", {"2011-12-08": 3, "2011-12-09": 12}),  # 3:30 behind
        ("Pacific/Kiritimati", {"2011-12-09": 3, "2011-12-10": 12}),  # 14:00 ahead
    ],
)
async def test_a_day_is_that_of_the_zone(api: RunningApi, tz: str, days: dict[str, int]) -> None:
    admin = await api.admin()
    product = await api.product(admin)
    await add_trends(
        api,
        (product["id"], datetime(2011, 12, 8, 23, 45, tzinfo=UTC), 1, 1, 1),
        (product["id"], datetime(2011, 12, 9, 3, 15, tzinfo=UTC), 1, 2, 1),
        (product["id"], datetime(2011, 12, 9, 18, 0, tzinfo=UTC), 1, 4, 1),
        (product["id"], datetime(2011, 12, 9, 18, 15, tzinfo=UTC), 1, 8, 1),
    )
    of_shop, of_product = (
        await trends_of(api, admin, tz=tz),
        await trends_of(api, admin, tz=tz, product_id=product["id"]),
    )
    assert {day["date"]: day["quantity"] for day in of_shop["days"]} == days
    assert of_product == of_shop
    last = max(days)
    only = await trends_of(api, admin, tz=tz, **{"from": last, "to": last})
    assert [(day["date"], day["quantity"]) for day in only["days"]] == [(last, days[last])]
    assert [product["quantity"] for product in only["top_products"]] == [days[last]]


async def test_the_day_of_a_change_of_the_clocks_has_all_its_hours(api: RunningApi) -> None:
    admin = await api.admin()
    product = await api.product(admin)
    begins = datetime(2011, 10, 29, 22, tzinfo=UTC)  # 2011-10-30 has 25 hours in Berlin
    await add_trends(api, *((product["id"], begins + timedelta(hours=hour), 1, 1, 1) for hour in range(-1, 26)))
    period = {"from": "2011-10-30", "to": "2011-10-30"}
    answer = await trends_of(api, admin, tz="Europe/Berlin", **period)
    assert [(day["date"], day["orders"]) for day in answer["days"]] == [("2011-10-30", 25)]


@pytest.mark.parametrize(
    ("tz", "until", "days"),
    [
        ("UTC", "12:00", {"2011-12-08": 1, "2011-12-09": 4}),
        ("UTC", "12:15", {"2011-12-08": 3, "2011-12-09": 12}),
        ("UTC", "00:00", {}),
        ("Asia/Kathmandu", "17:45", {"2011-12-08": 1, "2011-12-09": 4}),  # 5:45 ahead: noon there
        ("Asia/Kathmandu", "18:00", {"2011-12-08": 3, "2011-12-09": 12}),
    ],
)
async def test_of_each_day_what_lies_before_a_time_of_it(
    api: RunningApi, tz: str, until: str, days: dict[str, int]
) -> None:
    admin = await api.admin()
    product = await api.product(admin)
    before = timedelta(minutes=15)
    await add_trends(
        api,
        (product["id"], day_of(1) - before, 1, 1, 1),
        (product["id"], day_of(1), 1, 2, 1),
        (product["id"], NOON - before, 1, 4, 1),
        (product["id"], NOON, 1, 8, 1),
    )
    answer = await trends_of(api, admin, tz=tz, until=until, **{"from": "2011-12-08", "to": "2011-12-09"})
    assert {day["date"]: day["quantity"] for day in answer["days"]} == days
    assert [product["quantity"] for product in answer["top_products"]] == ([sum(days.values())] if days else [])


async def test_until_a_time_the_day_of_a_change_of_the_clocks_has_the_hours_up_to_it(api: RunningApi) -> None:
    admin = await api.admin()
    product = await api.product(admin)
    begins = datetime(2011, 10, 29, 22, tzinfo=UTC)  # 2011-10-30 has 25 hours in Berlin
    await add_trends(api, *((product["id"], begins + timedelta(hours=hour), 1, 1, 1) for hour in range(-24, 48)))
    period = {"from": "2011-10-29", "to": "2011-10-31"}
    answer = await trends_of(api, admin, tz="Europe/Berlin", until="06:00", **period)
    assert [day["orders"] for day in answer["days"]] == [6, 7, 6]


# PostgreSQL takes CET for an abbreviation: +01:00 all year.
@pytest.mark.parametrize("tz", ["CET", "Europe/Berlin"])
async def test_a_zone_whose_name_is_an_abbreviation_has_its_summer_time(api: RunningApi, tz: str) -> None:
    admin = await api.admin()
    product = await api.product(admin)
    await add_trends(api, (product["id"], datetime(2011, 7, 1, 22, tzinfo=UTC), 1, 1, 1))
    answer = await trends_of(api, admin, tz=tz)
    assert [day["date"] for day in answer["days"]] == ["2011-07-02"]


async def test_a_day_that_a_zone_left_out_has_nothing(api: RunningApi) -> None:
    admin = await api.admin()
    product = await api.product(admin)
    begins = datetime(2011, 12, 30, 9, 45, tzinfo=UTC)  # Samoa went over the date line: the 31st came after the 29th
    await add_trends(api, *((product["id"], begins + timedelta(minutes=15 * n), 1, 1, 1) for n in range(2)))
    answer = await trends_of(api, admin, tz="Pacific/Apia")
    assert [(day["date"], day["orders"]) for day in answer["days"]] == [("2011-12-29", 1), ("2011-12-31", 1)]


async def test_sales_are_shown_to_admins_alone(shared_api: RunningApi) -> None:
    customer = await shared_api.customer()
    assert (await shared_api.client.get("/trends")).status_code == 401
    assert (await shared_api.client.get("/trends", headers=customer.headers)).status_code == 403


async def test_one_product_only(api: RunningApi) -> None:
    admin = await api.admin()
    mug, cup = await api.product(admin), await api.product(admin)
    await add_trends(api, (mug["id"], NOON, 2, 5, 10), (cup["id"], NOON, 1, 9, 5))

    answer = await trends_of(api, admin, product_id=mug["id"])

    assert [day["quantity"] for day in answer["days"]] == [5]
    assert [product["product_id"] for product in answer["top_products"]] == [mug["id"]]


async def test_by_default_the_thirty_days_up_to_the_newest_row(api: RunningApi) -> None:
    admin = await api.admin()
    product = await api.product(admin)
    await add_trends(api, *((product["id"], day_of(back), 1, 1, 1) for back in (0, 29, 30)))

    answer = await trends_of(api, admin)

    assert [day["date"] for day in answer["days"]] == ["2011-11-10", "2011-12-09"]


async def test_a_period_holds_its_first_and_last_day(api: RunningApi) -> None:
    admin = await api.admin()
    product = await api.product(admin)
    await add_trends(api, *((product["id"], day_of(back), 1, 1, 1) for back in range(5)))

    closed = await trends_of(api, admin, **{"from": "2011-12-06", "to": "2011-12-07"})
    open_ended = await trends_of(api, admin, **{"from": "2011-12-08"})

    assert [day["date"] for day in closed["days"]] == ["2011-12-06", "2011-12-07"]
    assert [day["date"] for day in open_ended["days"]] == ["2011-12-08", "2011-12-09"]


async def test_without_any_row_the_answer_is_empty(api: RunningApi) -> None:
    admin = await api.admin()
    for params in ({}, {"from": "2030-01-01"}, {"to": "1970-01-01", "tz": "Asia/Tokyo"}, {"to": "9000-01-01"}):
        answer = await trends_of(api, admin, **params)
        assert (answer["days"], answer["top_products"]) == ([], [])


async def test_ten_products_at_most(api: RunningApi) -> None:
    admin = await api.admin()
    products = [(await api.product(admin))["id"] for _ in range(12)]
    await add_trends(api, *((product_id, NOON, 1, product_id, 1) for product_id in products))

    answer = await trends_of(api, admin)

    assert [row["product_id"] for row in answer["top_products"]] == products[:1:-1]


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"from": "2011-12-09", "to": "2011-12-08"}, "to"),
        ({"from": "2010-12-08", "to": "2011-12-09"}, "from"),
        ({"from": "20111209"}, "from"),
        ({"from": "1323388800"}, "from"),
        ({"from": "2011-02-30"}, "from"),
        ({"to": "0001-01-01"}, "to"),
        ({"to": "yesterday"}, "to"),
        ({"to": "9999-12-31"}, "to"),
        ({"tz": "Berlin"}, "tz"),
        ({"tz": "UTC+3"}, "tz"),
        ({"tz": "localtime"}, "tz"),
        ({"tz": "../../etc/passwd"}, "tz"),
        ({"tz": ""}, "tz"),
        ({"product_id": "0"}, "product_id"),
        ({"until": "14:20"}, "until"),
        ({"until": "24:00"}, "until"),
        ({"until": "52200"}, "until"),
    ],
)
async def test_a_period_that_cannot_be_is_refused(shared_api: RunningApi, params: dict[str, str], field: str) -> None:
    admin = await shared_api.admin()
    answer = await shared_api.client.get("/trends", params=params, headers=admin.headers)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_leap_year_is_the_longest_period(shared_api: RunningApi) -> None:
    await trends_of(shared_api, await shared_api.admin(), **{"from": "2024-01-01", "to": "2024-12-31"})


async def test_trends_of_an_unknown_product_are_not_found(shared_api: RunningApi) -> None:
    admin = await shared_api.admin()
    answer = await shared_api.client.get("/trends", params={"product_id": 99}, headers=admin.headers)
    assert answer.status_code == 404


async def test_the_products_of_a_week_are_found_without_the_rows_of_years_before(api: RunningApi) -> None:
    period = Period(date(2026, 1, 1), date(2026, 1, 7), ZoneInfo("UTC"))
    filled = """
        INSERT INTO product_trends (product_id, starts_at, quantity)
        SELECT n % 100, timestamptz '2020-01-01Z' + n * interval '1 hour', 1 FROM generate_series(0, 59999) AS n
    """
    async with api.service.sessions() as session, session.begin():
        await session.execute(text(filled))
        await session.execute(text("ANALYZE product_trends"))
        query = top_products_query(period, None)
        compiled = query.compile(dialect=session.get_bind().dialect, compile_kwargs={"literal_binds": True})
        rows = await session.execute(text(f"EXPLAIN (ANALYZE, TIMING OFF) {compiled}".replace(":", r"\:")))
        plan = "\n".join(row[0] for row in rows)
    assert "ix_product_trends_starts_at" in plan, plan
    assert "Seq Scan on product_trends" not in plan, plan
