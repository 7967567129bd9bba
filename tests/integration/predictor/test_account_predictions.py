"""An account's products by the probability of an order: the same numbers as pair for pair, whose they are, and what is refused."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any, Final

import httpx
import msgspec
import pytest

from ordercast.client.demand_answers import AccountDemand
from ordercast.services.order_api.accounts.tables import Account
from tests.integration.predictor.conftest import Workplace
from tests.integration.predictor.test_pair_demand import DAY, eventually_answers, fill, make_shop
from tests.support.demand_versions import WrittenDemand
from tests.support.described_answers import differences, schema_of

# Account 7 has ordered product 70 on DAY and 71 on the 20th day after; account 8 only 70, on the 40th.
AS_OF: Final = DAY + timedelta(days=60)
PATHS: Final = ("/accounts/{}/predictions", "/predictions/accounts/{}")
# Fields of a pair's answer that a list has once, or not at all.
OF_ALL: Final = {
    *("recipe", "horizon_days", "better_than", "features_as_of", "features_age_seconds", "model_version", "as_of"),
    *("why", "features"),
}


@pytest.fixture
async def model(workplace: Workplace) -> WrittenDemand:
    model = await make_shop(workplace)
    async with workplace.sessions() as session, session.begin():
        session.add(Account(id=9, nickname="n9", role="CUSTOMER", login_type="EXTERNAL"))
    return model


@pytest.fixture
async def client(workplace: Workplace, model: WrittenDemand) -> AsyncIterator[httpx.AsyncClient]:
    async with workplace.predictor() as client:
        await eventually_answers(client, workplace)
        client.headers.update(workplace.token(1, "ADMIN"))
        yield client


async def answer(client: httpx.AsyncClient, path: str, **params: Any) -> dict[str, Any]:
    answered = await client.get(path, params={"as_of": str(AS_OF), **params})
    assert answered.status_code == 200, answered.text
    found: dict[str, Any] = answered.json()
    return found


@pytest.mark.parametrize("path", PATHS)
async def test_products_come_by_probability_each_with_the_numbers_of_the_pair_to_the_bit(
    client: httpx.AsyncClient, model: WrittenDemand, path: str
) -> None:
    listed = await answer(client, path.format(7), level=0.8, horizon_days=28)
    pairs = [await answer(client, f"/predictions/7/{product}", level=0.8) for product in (70, 71)]
    by_probability = sorted(pairs, key=lambda pair: (-pair["order_probability"], pair["product_id"]))
    assert [{name: one[name] for name in one.keys() - {"sku"}} for one in listed["data"]] == [
        {name: pair[name] for name in pair.keys() - OF_ALL} for pair in by_probability
    ]
    assert [one["sku"] for one in listed["data"]] == [f"s{one['product_id']}" for one in listed["data"]]
    moving = {"features_age_seconds", "features_as_of"}
    assert listed.items() >= {name: pairs[0][name] for name in OF_ALL - moving - {"why", "features"}}.items()
    assert (listed["account_id"], listed["known_products"], listed["level"]) == (7, 2, 0.8)
    assert (listed["model_version"], listed["horizon_days"]) == (model.version, 28)
    assert msgspec.to_builtins(msgspec.convert(listed, AccountDemand))["data"] == listed["data"]
    document = (await client.get("/openapi.json")).json()
    assert differences(document, schema_of(document, "get", path.format("{account_id}")), listed) == []
    assert differences(document, schema_of(document, "get", "/predictions/{account_id}/{product_id}"), pairs[0]) == []


async def test_a_limit_keeps_the_most_probable_and_a_past_day_knows_no_later_products(
    client: httpx.AsyncClient,
) -> None:
    both = await answer(client, "/accounts/7/predictions")
    first = await answer(client, "/accounts/7/predictions", limit=1)
    assert first["data"] == both["data"][:1]
    assert first["known_products"] == 2
    early = await answer(client, "/accounts/7/predictions", as_of=str(DAY + timedelta(days=5)))
    assert ([one["product_id"] for one in early["data"]], early["known_products"]) == ([70], 1)


async def test_more_products_than_are_answered_at_once(client: httpx.AsyncClient, workplace: Workplace) -> None:
    """Of thousands only those that are answered are looked up by name, and a product that is gone is left out."""
    await fill(workplace.sessions, 8, 71, DAY + timedelta(days=41), 7, offset=2)
    await fill(workplace.sessions, 8, 999, DAY + timedelta(days=41), 7, offset=3)
    answered: dict[str, Any] = {}
    while answered.get("known_products") != 3:
        answered = await answer(client, "/accounts/8/predictions")
    assert {one["product_id"] for one in answered["data"]} == {70, 71}


async def test_an_account_without_activity_has_no_products(client: httpx.AsyncClient) -> None:
    answered = await answer(client, "/accounts/9/predictions")
    assert (answered["data"], answered["known_products"], answered["account_id"]) == ([], 0, 9)


@pytest.mark.parametrize("path", PATHS)
async def test_an_account_asks_for_itself_and_an_admin_for_any_that_exists(
    client: httpx.AsyncClient, workplace: Workplace, path: str
) -> None:
    own, admin = workplace.token(7), workplace.token(1, "ADMIN")
    asked = [
        await client.get(path.format(account), headers=token)
        for account, token in ((7, own), (8, own), (999, own), (8, admin), (999, admin))
    ]
    assert [one.status_code for one in asked] == [200, 404, 404, 200, 404]
    assert {one.json()["type"] for one in asked if one.status_code == 404} == {"/problems/account-not-found"}
    del client.headers["authorization"]
    assert (await client.get(path.format(7))).status_code == 401


async def test_what_cannot_be_answered_is_told(client: httpx.AsyncClient) -> None:
    for query, field in {
        "limit=0": "limit",
        "limit=101": "limit",
        "limit=1.5": "limit",
        "level=0": "level",
        "horizon_days=7": "horizon_days",
        "as_of=2999-01-01": "as_of",
        f"as_of={DAY - timedelta(days=1)}": "as_of",
        "recipe=baseline": "recipe",
    }.items():
        answered = await client.get(f"/accounts/7/predictions?{query}")
        assert answered.status_code == 422, query
        assert field in answered.text, query
    assert (await client.get("/accounts/x/predictions")).status_code == 422


async def test_without_a_version_of_demand_it_says_so(workplace: Workplace) -> None:
    async with workplace.predictor() as client:
        answered = await client.get("/accounts/7/predictions", headers=workplace.token(7))
        assert (answered.status_code, answered.json()["type"]) == (503, "/problems/no-model")
