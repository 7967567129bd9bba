"""Forecasts of products: a page of them, one with its last weeks, the order by what is expected, CSV, and what is refused."""

import csv
import io
from collections.abc import AsyncIterator
from datetime import date, timedelta
from typing import Any

import httpx
import numpy as np
import pytest

from ordercast.services.predictor.load_demand import load_demand
from ordercast.services.shared.db.features import ProductActivity
from ordercast.services.shared.db.read_activity import read_activity
from ordercast.services.shared.demand.activity import activity_of
from ordercast.services.shared.demand.features import Features
from ordercast.services.shared.demand.known import known_at
from tests.integration.predictor.conftest import Workplace
from tests.integration.predictor.test_pair_demand import DAY, fill, make_shop
from tests.integration.predictor.watch import eventually
from tests.support.demand_versions import WrittenDemand

AS_OF = DAY + timedelta(days=48)
ADMIN = 1


@pytest.fixture
async def model(workplace: Workplace) -> WrittenDemand:
    return await make_shop(workplace)


@pytest.fixture
async def client(workplace: Workplace, model: WrittenDemand) -> AsyncIterator[httpx.AsyncClient]:
    async with workplace.predictor() as client:
        client.headers.update(workplace.token(ADMIN, "ADMIN"))

        async def answers() -> bool:
            return (await client.get("/forecasts/products")).status_code == 200

        await eventually(answers)
        yield client


async def page(client: httpx.AsyncClient, **params: Any) -> dict[str, Any]:
    answer = await client.get("/forecasts/products", params={"as_of": str(AS_OF), **params})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_a_page_says_of_each_product_its_weeks_and_the_stock_for_all_of_them(
    client: httpx.AsyncClient, workplace: Workplace, model: WrittenDemand
) -> None:
    answer = await page(client, weeks=3, level=0.8, service_level=0.9)

    moment = (AS_OF - date(1970, 1, 1)).days + 1
    rows = await read_activity(workplace.sessions, AS_OF + timedelta(days=1))
    values = Features(known_at(activity_of(rows.columns), moment)).of_products(np.array([70, 71]))
    served = load_demand(workplace.settings.artifacts_dir, model.version, model.manifest_sha256)
    said = served.model.products(values, 3, 0.8)
    assert [product["product_id"] for product in answer["data"]] == [70, 71]
    assert [product["sku"] for product in answer["data"]] == ["s70", "s71"]
    assert [product["stock"] for product in answer["data"]] == served.model.stock(values, 3, 0.9).tolist()
    for row, product in enumerate(answer["data"]):
        assert product["expected"] == pytest.approx(said.expected[row].sum())
        assert [week["starts_on"] for week in product["weeks"]] == [
            str(AS_OF + timedelta(days=1 + 7 * week)) for week in range(3)
        ]
        assert [(week["low"], week["high"]) for week in product["weeks"]] == list(
            zip(said.low[row].tolist(), said.high[row].tolist(), strict=True)
        )
    assert (answer["as_of"], answer["has_more"], answer["model_version"]) == (str(AS_OF), False, model.version)
    assert (answer["level"], answer["service_level"]) == (0.8, 0.9)


async def test_one_product_has_its_last_weeks_beside_its_next_ones(
    client: httpx.AsyncClient, workplace: Workplace
) -> None:
    """40 pieces on two days of the fifth week before, of which 5 were taken back, 3 of them later than is known."""
    first = DAY + timedelta(days=20)
    async with workplace.sessions() as session, session.begin():
        for days, known_on, quantity, cancelled in ((0, 0, 30, 0), (0, 3, 0, 2), (0, 40, 0, 3), (-1, 0, 10, 0)):
            day = first + timedelta(days=days)
            session.add(
                ProductActivity(
                    product_id=71,
                    day=day,
                    known_on=day + timedelta(days=known_on),
                    quantity=quantity,
                    cancelled_quantity=cancelled,
                )
            )
    answer = (await client.get("/forecasts/products/71", params={"as_of": str(AS_OF), "weeks": 2})).json()
    [in_list] = [
        product for product in (await page(client, weeks=2, recent="true"))["data"] if product["product_id"] == 71
    ]
    assert {name: answer[name] for name in in_list} == in_list
    assert [week["quantity"] for week in answer["recent"]] == [0, 0, 0, 38, 0, 0, 0, 0]
    assert answer["recent"][-1]["starts_on"] == str(AS_OF + timedelta(days=1 - 7))
    assert answer["level_a_week"] > 0
    assert answer["trend"] == pytest.approx(-1)  # all was sold longer ago than four weeks


async def test_many_products_have_their_last_weeks_if_asked_for(client: httpx.AsyncClient) -> None:
    alone = (await client.get("/forecasts/products/71", params={"as_of": str(AS_OF)})).json()["recent"]
    asked = {"products": [71, 70], "as_of": str(AS_OF)}
    [in_batch, _] = (await client.post("/predictions", json=asked | {"recent": True})).json()["data"]
    assert in_batch["recent"] == alone
    for unasked in ((await page(client))["data"], (await client.post("/predictions", json=asked)).json()["data"]):
        assert [product["recent"] for product in unasked] == [None, None]


async def test_what_is_expected_most_comes_first_and_pages_go_on_after_it(client: httpx.AsyncClient) -> None:
    whole = await page(client, sort="-expected")
    expected = [product["expected"] for product in whole["data"]]
    assert expected == sorted(expected, reverse=True)
    first = await page(client, sort="-expected", limit=1)
    assert first["has_more"]
    second = await page(client, sort="-expected", limit=1, starting_after=first["data"][0]["product_id"])
    assert [first["data"][0], second["data"][0]] == whole["data"]
    assert not second["has_more"]


async def test_those_that_anything_is_known_of_are_read_by_id(client: httpx.AsyncClient) -> None:
    in_order = await page(client, sort="-expected")
    known = sorted(in_order["data"], key=lambda product: product["product_id"])
    by_id = await page(client, known=True)
    assert (by_id["data"], by_id["has_more"]) == (known, False)
    first = await page(client, known=True, limit=1)
    second = await page(client, known=True, limit=1, starting_after=first["data"][0]["product_id"])
    assert ([*first["data"], *second["data"]], first["has_more"], second["has_more"]) == (known, True, False)


async def test_what_happened_later_changes_no_forecast_of_a_past_day(
    client: httpx.AsyncClient, workplace: Workplace
) -> None:
    later = {"as_of": str(AS_OF + timedelta(days=4))}
    before, later_before = await page(client), (await client.get("/forecasts/products/71", params=later)).json()
    await fill(workplace.sessions, 8, 71, AS_OF + timedelta(days=3), 500, offset=9)

    async def is_seen() -> bool:
        now = (await client.get("/forecasts/products/71", params=later)).json()
        return bool(now["level_a_week"] > later_before["level_a_week"])

    await eventually(is_seen)
    assert (await page(client))["data"] == before["data"]


async def test_a_table_has_the_numbers_of_the_page(client: httpx.AsyncClient) -> None:
    answer = await client.get(
        "/forecasts/products", params={"as_of": str(AS_OF), "weeks": 1}, headers={"Accept": "text/csv"}
    )
    assert answer.headers["content-type"].startswith("text/csv")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    [start] = {week["starts_on"] for product in (await page(client, weeks=1))["data"] for week in product["weeks"]}
    for row, product in zip(rows, (await page(client, weeks=1))["data"], strict=True):
        assert (int(row["product_id"]), row["sku"], int(row["stock"])) == (
            product["product_id"],
            product["sku"],
            product["stock"],
        )
        assert float(row[f"expected_{start}"]) == pytest.approx(product["expected"], abs=0.001)
        assert int(row[f"high_{start}"]) == product["weeks"][0]["high"]


async def test_a_table_says_beside_it_what_the_page_says_beside_its_data(
    client: httpx.AsyncClient, model: WrittenDemand
) -> None:
    asked: dict[str, str | int] = {"as_of": str(AS_OF), "weeks": 2, "limit": 1}
    first = await client.get("/forecasts/products", params=asked, headers={"Accept": "text/csv"})
    assert (first.headers["Ordercast-Model-Version"], first.headers["Ordercast-As-Of"]) == (model.version, str(AS_OF))
    assert "accept" in first.headers["vary"].lower()
    last = await client.get(first.url.join(first.links["next"]["url"]), headers={"Accept": "text/csv"})
    assert [row["product_id"] for row in csv.DictReader(io.StringIO(last.text))] == ["71"]
    assert "link" not in last.headers
    empty = await client.get(
        "/forecasts/products", params={**asked, "starting_after": 71}, headers={"Accept": "text/csv"}
    )
    assert empty.text.splitlines() == first.text.splitlines()[:1]
    json = await client.get("/forecasts/products", params=asked, headers={"Accept": "application/json, text/csv;q=0.1"})
    assert json.json()["has_more"]


REFUSED = (
    ("weeks=0", "weeks"),
    ("weeks=9", "weeks"),
    ("weeks=two", "weeks"),
    ("level=0.999", "level"),
    ("level=nan", "level"),
    ("level=%200.9", "level"),
    ("level=0_9", "level"),
    ("service_level=0.9%20", "service_level"),
    ("service_level=0", "service_level"),
    ("as_of=2999-01-01", "as_of"),
    ("as_of=2001-01-01", "as_of"),
    ("as_of=today", "as_of"),
)
REFUSED_PAGES = (
    ("limit=0", "limit"),
    ("limit=5001", "limit"),
    ("sort=name", "sort"),
    ("starting_after=-1", "starting_after"),
)


async def test_what_cannot_be_asked_is_refused_with_its_field(client: httpx.AsyncClient) -> None:
    asked = [
        *((path, *refused) for path in ("/forecasts/products", "/forecasts/products/70") for refused in REFUSED),
        *(("/forecasts/products", *refused) for refused in REFUSED_PAGES),
    ]
    for path, query, field in asked:
        answer = await client.get(f"{path}?{query}")
        assert answer.status_code == 422, (query, answer.text)
        assert [error["field"] for error in answer.json()["errors"]] == [field], query
    too_early = await client.get("/forecasts/products?as_of=1960-01-01")
    assert too_early.json()["errors"] == [{"field": "as_of", "message": "must be 1970-01-01 or later"}]


async def test_nothing_comes_after_an_id_that_no_product_has_in_either_order(client: httpx.AsyncClient) -> None:
    for sort in ("id", "-expected"):
        answer = await page(client, sort=sort, starting_after=999)
        assert (answer["data"], answer["has_more"]) == ([], False), sort


async def test_what_does_not_exist_and_who_may_not_ask_is_said(client: httpx.AsyncClient, workplace: Workplace) -> None:
    assert (await client.get("/forecasts/products/999")).status_code == 404
    assert (await client.get(f"/forecasts/products/{10**30}")).status_code in (404, 422)
    for path in ("/forecasts/products", "/forecasts/products/70"):
        assert (await client.get(path, headers=workplace.token(7))).status_code == 403
        assert (await client.get(path, headers={"Authorization": ""})).status_code == 401


async def test_without_a_version_of_demand_there_is_no_forecast(workplace: Workplace) -> None:
    async with workplace.predictor() as client:
        answer = await client.get("/forecasts/products", headers=workplace.token(ADMIN, "ADMIN"))
    assert (answer.status_code, answer.json()["type"]) == (503, "/problems/no-model")
