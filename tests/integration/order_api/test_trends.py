"""GET /trends over rows as the worker writes them."""

from datetime import date, timedelta

import pytest

from ordercast.services.shared.db.features import DailyTrend
from tests.support.order_api import RunningApi

NEWEST = date(2011, 12, 9)


async def add_trends(api: RunningApi, *rows: tuple[date, int, int, int, int]) -> None:
    """Rows of (day, product_id, orders, quantity, views)."""
    names = ("day", "product_id", "orders", "quantity", "views")
    async with api.service.sessions() as session, session.begin():
        session.add_all(DailyTrend(**dict(zip(names, row, strict=True))) for row in rows)


async def test_days_add_up_all_products_and_the_most_ordered_product_comes_first(api: RunningApi) -> None:
    admin = await api.admin()
    mug, cup = await api.product(admin), await api.product(admin)
    await add_trends(
        api,
        (NEWEST, mug["id"], 2, 5, 10),
        (NEWEST, cup["id"], 1, 9, 5),
        (NEWEST - timedelta(days=1), mug["id"], 1, 1, 0),
    )

    answer = (await api.client.get("/trends")).json()

    assert answer["days"] == [
        {"date": "2011-12-08", "orders": 1, "quantity": 1, "views": 0, "conversion": None},
        {"date": "2011-12-09", "orders": 3, "quantity": 14, "views": 15, "conversion": 0.2},
    ]
    assert answer["top_products"] == [
        {
            "product_id": product["id"],
            "sku": product["sku"],
            "name": product["name"],
            "orders": orders,
            "quantity": quantity,
            "views": views,
            "conversion": conversion,
        }
        for product, orders, quantity, views, conversion in ((cup, 1, 9, 5, 0.2), (mug, 3, 6, 10, 0.3))
    ]


async def test_one_product_only(api: RunningApi) -> None:
    admin = await api.admin()
    mug, cup = await api.product(admin), await api.product(admin)
    await add_trends(api, (NEWEST, mug["id"], 2, 5, 10), (NEWEST, cup["id"], 1, 9, 5))

    answer = (await api.client.get("/trends", params={"product_id": mug["id"]})).json()

    assert [day["quantity"] for day in answer["days"]] == [5]
    assert [product["product_id"] for product in answer["top_products"]] == [mug["id"]]


async def test_by_default_the_thirty_days_up_to_the_newest_row(api: RunningApi) -> None:
    product = await api.product(await api.admin())
    days = [NEWEST - timedelta(days=back) for back in (0, 29, 30)]
    await add_trends(api, *((day, product["id"], 1, 1, 1) for day in days))

    answer = (await api.client.get("/trends")).json()

    assert [day["date"] for day in answer["days"]] == ["2011-11-10", "2011-12-09"]


async def test_a_period_holds_its_first_and_last_day(api: RunningApi) -> None:
    product = await api.product(await api.admin())
    await add_trends(api, *((NEWEST - timedelta(days=back), product["id"], 1, 1, 1) for back in range(5)))

    closed = await api.client.get("/trends", params={"from": "2011-12-06", "to": "2011-12-07"})
    open_ended = await api.client.get("/trends", params={"from": "2011-12-08"})

    assert [day["date"] for day in closed.json()["days"]] == ["2011-12-06", "2011-12-07"]
    assert [day["date"] for day in open_ended.json()["days"]] == ["2011-12-08", "2011-12-09"]


async def test_without_any_row_the_answer_is_empty(api: RunningApi) -> None:
    for params in ({}, {"from": "2030-01-01"}, {"to": "1970-01-01"}):
        answer = await api.client.get("/trends", params=params)
        assert answer.json() == {"days": [], "top_products": []}


async def test_ten_products_at_most(api: RunningApi) -> None:
    admin = await api.admin()
    products = [(await api.product(admin))["id"] for _ in range(12)]
    await add_trends(api, *((NEWEST, product_id, 1, product_id, 1) for product_id in products))

    answer = (await api.client.get("/trends")).json()

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
        ({"product_id": "0"}, "product_id"),
    ],
)
async def test_a_period_that_cannot_be_is_refused(shared_api: RunningApi, params: dict[str, str], field: str) -> None:
    answer = await shared_api.client.get("/trends", params=params)
    assert answer.status_code == 422
    assert [error["field"] for error in answer.json()["errors"]] == [field]


async def test_a_leap_year_is_the_longest_period(shared_api: RunningApi) -> None:
    answer = await shared_api.client.get("/trends", params={"from": "2024-01-01", "to": "2024-12-31"})
    assert answer.status_code == 200


async def test_trends_of_an_unknown_product_are_not_found(shared_api: RunningApi) -> None:
    assert (await shared_api.client.get("/trends", params={"product_id": 99})).status_code == 404
