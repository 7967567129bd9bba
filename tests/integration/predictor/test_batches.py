"""Many pairs or products in one request have the numbers of the requests for one, to the bit, and its rights and refusals."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import date, timedelta
from typing import Any, Final

import httpx
import msgspec
import pytest

from ordercast.client.demand_answers import PairsDemand, ProductForecasts
from ordercast.services.predictor import forecast_routes
from ordercast.services.predictor.named_products import RecentRows, read_recent
from ordercast.services.shared.db.engine import Sessions
from tests.integration.predictor.conftest import Workplace
from tests.integration.predictor.test_pair_demand import DAY, eventually_answers, make_shop
from tests.integration.predictor.watch import eventually_serves
from tests.support.demand_versions import WrittenDemand
from tests.support.described_answers import differences, schema_of

AS_OF: Final = str(DAY + timedelta(days=48))
PAIRS: Final = ((8, 70), (7, 71), (7, 70), (8, 71), (8, 70))
# What is said once of all pairs of a request, but for the features' age, which grows.
OF_ALL: Final = {"recipe", "horizon_days", "better_than", "model_version", "as_of"}
# For what would hang without an end if it failed (s).
DEADLINE_S: Final = 30.0
AGE: Final = {"features_as_of", "features_age_seconds"}


@pytest.fixture
async def model(workplace: Workplace) -> WrittenDemand:
    return await make_shop(workplace)


@pytest.fixture
async def client(workplace: Workplace, model: WrittenDemand) -> AsyncIterator[httpx.AsyncClient]:
    baseline = await workplace.publish(2.0)
    async with workplace.predictor() as client:
        await eventually_serves(client, baseline)
        await eventually_answers(client, workplace)
        client.headers.update(workplace.token(1, "ADMIN"))
        yield client


def of_pairs(*pairs: tuple[int, int]) -> dict[str, Any]:
    return {"pairs": [{"account_id": account, "product_id": product} for account, product in pairs]}


async def ask(client: httpx.AsyncClient, body: dict[str, Any]) -> dict[str, Any]:
    answered = await client.post("/predictions", json=body)
    assert answered.status_code == 200, answered.text
    found: dict[str, Any] = answered.json()
    document = (await client.get("/openapi.json")).json()
    assert differences(document, schema_of(document, "post", "/predictions"), found) == []
    return found


async def test_pairs_have_the_numbers_of_single_requests_to_the_bit_by_demand(
    client: httpx.AsyncClient, model: WrittenDemand
) -> None:
    answer = await ask(client, of_pairs(*PAIRS) | {"level": 0.8, "as_of": AS_OF, "horizon_days": 28})
    query: dict[str, Any] = {"level": 0.8, "as_of": AS_OF}
    singles = [
        (await client.get(f"/predictions/{account}/{product}", params=query)).json() for account, product in PAIRS
    ]
    left_out = OF_ALL | AGE | {"why", "features"}
    assert answer["data"] == [{name: one[name] for name in one.keys() - left_out} for one in singles]
    assert answer.items() >= {name: singles[0][name] for name in OF_ALL}.items()
    assert msgspec.to_builtins(msgspec.convert(answer, PairsDemand))["data"] == answer["data"]
    assert (answer["recipe"], answer["model_version"], answer["level"]) == ("demand", model.version, 0.8)


async def test_baseline_answers_if_it_is_asked_for(client: httpx.AsyncClient) -> None:
    answer = await ask(client, of_pairs(*PAIRS) | {"recipe": "baseline"})
    assert [one["quantity"] for one in answer["data"]] == [2.0] * len(PAIRS)
    by_default = await ask(client, of_pairs((7, 70)))
    assert by_default["recipe"] == "demand"


async def test_products_have_the_numbers_of_single_requests_to_the_bit(
    client: httpx.AsyncClient, model: WrittenDemand
) -> None:
    asked: dict[str, Any] = {"weeks": 8, "level": 0.8, "service_level": 0.9, "as_of": AS_OF}
    answer = await ask(client, {"products": [71, 70, 71], "recent": True, **asked})
    singles = [(await client.get(f"/forecasts/products/{one}", params=asked)).json() for one in (71, 70, 71)]
    assert answer["data"] == [{name: one[name] for name in answer["data"][0]} for one in singles]
    assert [len(one["weeks"]) for one in answer["data"]] == [8, 8, 8]
    assert msgspec.to_builtins(msgspec.convert(answer, ProductForecasts))["data"] == answer["data"]
    page = (await client.get("/forecasts/products", params=asked | {"recent": True})).json()
    assert page["data"] == [answer["data"][1], answer["data"][0]]
    of_all = answer.keys() - {"data", *AGE}
    assert {name: answer[name] for name in of_all} == {name: singles[0][name] for name in of_all}
    [by_default] = (await ask(client, {"products": [70]}))["data"]
    assert (len(by_default["weeks"]), by_default["recent"]) == (4, None)


async def test_other_batches_are_answered_while_one_waits_for_the_last_weeks_of_its_products(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, answers = asyncio.Event(), asyncio.Event()

    async def hangs(sessions: Sessions, product_ids: Sequence[int], moment: date) -> RecentRows:
        asked.set()
        await answers.wait()
        return await read_recent(sessions, product_ids, moment)

    monkeypatch.setattr(forecast_routes, "read_recent", hangs)
    async with asyncio.timeout(DEADLINE_S):
        of_products = asyncio.create_task(ask(client, {"products": [70], "recent": True}))
        await asked.wait()
        await ask(client, {"view_counts": [1]})
        answers.set()
        assert (await of_products)["data"][0]["recent"]


async def test_who_may_ask_for_what(client: httpx.AsyncClient, workplace: Workplace) -> None:
    own = workplace.token(7)
    asked = [
        await client.post("/predictions", json=body, headers=own)
        for body in (of_pairs((7, 70)), of_pairs((7, 70), (8, 70)), {"products": [70]})
    ]
    assert [one.status_code for one in asked] == [200, 404, 403]
    del client.headers["authorization"]
    asked = [await client.post("/predictions", json=body) for body in (of_pairs((7, 70)), {"products": [70]})]
    assert [one.status_code for one in asked] == [401, 401]


async def test_what_does_not_exist_is_named(client: httpx.AsyncClient) -> None:
    for body, problem, named in (
        (of_pairs((7, 70), (7, 999)), "product-not-found", "999"),
        (of_pairs((7, 70), (998, 70)), "account-not-found", "998"),
        ({"products": [70, 997]}, "product-not-found", "997"),
    ):
        answered = await client.post("/predictions", json=body)
        assert (answered.status_code, answered.json()["type"]) == (404, f"/problems/{problem}")
        assert named in answered.json()["detail"]


REFUSED: Final[tuple[tuple[dict[str, Any], str], ...]] = (
    ({}, "view_counts, pairs, products"),
    ({"products": [70], "view_counts": [1]}, "view_counts, pairs, products"),
    ({"products": []}, "products"),
    ({"products": [1] * 5_001}, "products"),
    ({"products": [0]}, "products"),
    ({"products": [70], "weeks": 9}, "weeks"),
    ({"products": [70], "weeks": "4"}, "weeks"),
    ({"products": [70], "recipe": "demand"}, "recipe does not go with products"),
    ({"view_counts": [1], "level": 0.9}, "level does not go with view_counts"),
    (of_pairs((7, 70)) | {"weeks": 4}, "weeks does not go with pairs"),
    (of_pairs((7, 70)) | {"level": 0.2}, "level"),
    (of_pairs((7, 70)) | {"horizon_days": 7}, "horizon_days"),
    (of_pairs((7, 70)) | {"as_of": "2999-01-01"}, "as_of"),
    (of_pairs((7, 70)) | {"as_of": 5}, "as_of"),
    (of_pairs((7, 70)) | {"recipe": "other"}, "recipe"),
    (of_pairs((7, 70)) | {"recipe": "baseline", "level": 0.9}, "baseline has no level"),
    (of_pairs(*[(7, 70)] * 10_001), "pairs"),
)


async def test_what_cannot_be_answered_is_told(client: httpx.AsyncClient) -> None:
    for body, named in REFUSED:
        answered = await client.post("/predictions", json=body)
        assert (answered.status_code, named in answered.text) == (422, True), (named, answered.text)


async def test_without_a_version_of_demand_its_questions_say_so(workplace: Workplace) -> None:
    baseline = await workplace.publish(2.0)
    async with workplace.predictor() as client:
        await eventually_serves(client, baseline)
        client.headers.update(workplace.token(1, "ADMIN"))
        for body in (of_pairs((7, 70)) | {"as_of": str(date(2026, 3, 1))}, {"products": [70]}):
            answered = await client.post("/predictions", json=body)
            assert (answered.status_code, answered.json()["type"]) == (503, "/problems/no-model")
