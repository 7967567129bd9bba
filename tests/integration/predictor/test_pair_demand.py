"""A pair is answered by `demand` from the same features as a training's row, at any moment, or told why not."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import httpx
import msgspec
import numpy as np
import pytest
from sqlalchemy import update

from ordercast.client.demand_answers import PairDemand
from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.orders.tables import OutboxShard
from ordercast.services.order_api.products.tables import Product
from ordercast.services.predictor.load_demand import load_demand
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import FeatureLastSequence, FeaturePosition, PairActivity
from ordercast.services.shared.db.metadata import Base
from ordercast.services.shared.db.read_activity import read_activity
from ordercast.services.shared.demand.activity import activity_of
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, names
from ordercast.services.shared.demand.features import Features
from ordercast.services.shared.demand.known import known_at
from tests.integration.predictor.conftest import Workplace
from tests.integration.predictor.watch import eventually, eventually_serves
from tests.support.demand_versions import WrittenDemand

DAY = date(2026, 3, 1)


async def fill(sessions: Sessions, account: int, product: int, day: date, quantity: int, offset: int = 1) -> None:
    """An order of the pair, as the worker counts it."""
    row = PairActivity(
        account_id=account, product_id=product, day=day, known_on=day, orders=1, order_lines=1, first_lines=1,
        quantity=quantity, amount=quantity * 5, cancelled_quantity=0, views=2, carts=0,
    )  # fmt: skip
    position = FeaturePosition(topic="orders", partition=0, next_offset=offset, updated_at=datetime.now(UTC))
    async with sessions() as session, session.begin():
        session.add(row)
        await session.merge(position)


async def make_shop(workplace: Workplace) -> WrittenDemand:
    model = await workplace.publish_demand()
    rows: list[Base] = [
        *(Account(id=number, nickname=f"n{number}", role="CUSTOMER", login_type="EXTERNAL") for number in (7, 8)),
        *(
            Product(id=number, sku=f"s{number}", name="a thing", price=Decimal(5), currency="EUR")
            for number in (70, 71)
        ),
    ]
    async with workplace.sessions() as session, session.begin():
        session.add_all(rows)
    for account, product, days, quantity in ((7, 70, 0, 3), (7, 71, 20, 40), (8, 70, 40, 7)):
        await fill(workplace.sessions, account, product, DAY + timedelta(days=days), quantity)
    return model


async def ask(client: httpx.AsyncClient, workplace: Workplace, query: str = "", path: str = "7/70") -> httpx.Response:
    return await client.get(f"/predictions/{path}?{query}", headers=workplace.token(7))


async def eventually_answers(client: httpx.AsyncClient, workplace: Workplace) -> None:
    async def answers() -> bool:
        return "order_probability" in (await ask(client, workplace)).text

    await eventually(answers)


async def test_the_answer_for_a_moment_is_made_of_the_features_of_a_training_row_to_the_bit(
    workplace: Workplace,
) -> None:
    model = await make_shop(workplace)
    as_of = DAY + timedelta(days=30)
    rows = await read_activity(workplace.sessions, as_of + timedelta(days=1))  # nothing after it is even read
    moment = (as_of - date(1970, 1, 1)).days + 1
    row = Features(known_at(activity_of(rows.columns), moment)).of_pairs(np.array([7]), np.array([70]))
    async with workplace.predictor() as client:
        await eventually_answers(client, workplace)
        answered = await ask(client, workplace, f"as_of={as_of}&level=0.8&horizon_days=28")
    answer = answered.json()
    assert msgspec.json.decode(answered.content, type=PairDemand).expected_quantity == answer["expected_quantity"]
    assert [answer["features"][name] for name in names(PAIR_FEATURES)] == row[0].tolist()
    served = load_demand(workplace.settings.artifacts_dir, model.version, model.manifest_sha256)
    said = served.model.pairs(np.repeat(row, 2, axis=0), 0.8)
    assert answer["expected_quantity"] == pytest.approx(float(said.expected[0]))
    assert answer["interval"] == {"low": int(said.low[0]), "high": int(said.high[0]), "level": 0.8}
    assert (answer["as_of"], answer["horizon_days"], answer["model_version"]) == (str(as_of), 28, model.version)
    assert answer["better_than"] == {"rate so far": 0.375}
    assert answer["extrapolates"] is bool(answer["extrapolates_because"])


async def test_why_names_the_features_whose_average_in_their_place_changes_the_answer_most(
    workplace: Workplace,
) -> None:
    model = await make_shop(workplace)
    async with workplace.predictor() as client:
        await eventually_answers(client, workplace)
        answer = (await ask(client, workplace, f"as_of={DAY + timedelta(days=30)}")).json()
    served = load_demand(workplace.settings.artifacts_dir, model.version, model.manifest_sha256)
    row = np.array([[answer["features"][name] for name in names(PAIR_FEATURES)]])
    effects = {}
    for place, name in enumerate(names(PAIR_FEATURES)):
        replaced = np.repeat(row, 2, axis=0)
        replaced[1, place] = 0.5
        expected = served.model.pairs(replaced, 0.9).expected
        effects[name] = float(expected[0] - expected[1])
    most = sorted(effects, key=lambda name: -abs(effects[name]))[:3]
    assert [reason["feature"] for reason in answer["why"]] == most
    assert [reason["effect"] for reason in answer["why"]] == pytest.approx([effects[name] for name in most], rel=1e-4)
    assert {reason["average"] for reason in answer["why"]} == {0.5}


async def test_new_activity_is_in_the_answer_and_past_moments_stay_as_they_were(workplace: Workplace) -> None:
    await make_shop(workplace)
    async with workplace.predictor(past_dates_per_minute=100) as client:
        await eventually_answers(client, workplace)
        orders_before: float = (await ask(client, workplace)).json()["features"]["pair_orders"]
        past = (await ask(client, workplace, f"as_of={DAY + timedelta(days=30)}")).json()
        await fill(workplace.sessions, 7, 70, DAY + timedelta(days=60), 9, offset=2)

        async def has_it() -> bool:
            features: dict[str, float] = (await ask(client, workplace)).json()["features"]
            return features["pair_orders"] > orders_before

        await eventually(has_it)
        again = (await ask(client, workplace, f"as_of={DAY + timedelta(days=30)}")).json()
        assert (again["features"], again["expected_quantity"]) == (past["features"], past["expected_quantity"])
        for days in range(12):  # more moments than are kept
            answer = await ask(client, workplace, f"as_of={DAY + timedelta(days=days)}")
            assert answer.status_code == 200


async def test_features_are_as_old_as_the_first_order_that_the_worker_has_not_counted(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordercast.services.predictor.shop_snapshot.LOOK_EVERY_S", 0.05)
    monkeypatch.setattr("ordercast.services.predictor.shop_snapshot.PAUSE_FACTOR", 0.0)
    await make_shop(workplace)
    counted = FeatureLastSequence(
        topic="orders", partition=0, producer="outbox", last_sequence=1, seen_at=datetime.now(UTC)
    )
    async with workplace.sessions() as session, session.begin():
        await session.merge(OutboxShard(shard=0, last_number=1))
        await session.merge(counted)
    async with workplace.predictor() as client:
        await eventually_answers(client, workplace)

        async def age() -> float:
            found: float = (await ask(client, workplace)).json()["features_age_seconds"]
            return found

        async def is_new() -> bool:
            return await age() < 1

        async def grows() -> bool:
            return await age() > 2

        await eventually(is_new)
        async with workplace.sessions() as session, session.begin():
            await session.merge(OutboxShard(shard=0, last_number=2))
        await eventually(grows)
        async with workplace.sessions() as session, session.begin():
            await session.execute(update(FeatureLastSequence).values(last_sequence=2))
        await eventually(is_new)


async def test_a_customer_asks_for_the_past_only_so_often_and_for_now_and_others_as_before(
    workplace: Workplace,
) -> None:
    """Each date takes up to a second of a processor: a customer who walked through years would take it all."""
    await make_shop(workplace)
    past = {"as_of": str(DAY + timedelta(days=30))}
    pairs = {"pairs": [{"account_id": 7, "product_id": 70}]}
    async with workplace.predictor(past_dates_per_minute=3) as client:
        await eventually_answers(client, workplace)
        own = workplace.token(7)
        for path in ("/predictions/7/70", "/accounts/7/predictions"):
            assert (await client.get(path, params=past, headers=own)).status_code == 200
        assert (await client.post("/predictions", json=pairs | past, headers=own)).status_code == 200
        refused = [
            await client.get("/predictions/7/70", params=past, headers=own),
            await client.get("/predictions/accounts/7", params=past, headers=own),
            await client.post("/predictions", json=pairs | past, headers=own),
        ]
        assert {answer.status_code for answer in refused} == {429}
        assert refused[0].json()["detail"] == "a customer may ask 3 times a minute with as_of"
        assert refused[0].headers["Retry-After"] == "20"
        assert '"past-dates";q=3;w=60' in refused[0].headers["RateLimit-Policy"]
        assert (await client.get("/predictions/7/70", headers=own)).status_code == 200
        for caller, account in ((workplace.token(8), 8), (workplace.token(1, "ADMIN"), 7)):
            assert (await client.get(f"/predictions/{account}/70", params=past, headers=caller)).status_code == 200


async def test_what_cannot_be_answered_is_told(workplace: Workplace) -> None:
    await make_shop(workplace)
    baseline = await workplace.publish(2.0)
    tomorrow = datetime.now(UTC).date() + timedelta(days=1)
    async with workplace.predictor() as client:
        await eventually_serves(client, baseline)
        await eventually_answers(client, workplace)
        for query, field in {
            "level=0.9999": "level",
            "level=0": "level",
            "level=nan": "level",
            "level=x": "level",
            "horizon_days=13": "horizon_days",
            "horizon_days=7": "horizon_days",
            "horizon_days=1e1": "horizon_days",
            f"as_of={tomorrow}": "as_of",
            "as_of=yesterday": "as_of",
            "as_of=20260301": "as_of",
            f"as_of={DAY - timedelta(days=1)}": "as_of",
            "recipe=other": "recipe",
            "recipe=baseline&level=0.5": "level",
        }.items():
            answer = await ask(client, workplace, query)
            assert answer.status_code == 422, query
            assert field in answer.text, query
        assert (await ask(client, workplace, path=f"7/{10**30}")).status_code == 422
        assert (await ask(client, workplace, path="7/999")).json()["type"] == "/problems/product-not-found"
        assert (await ask(client, workplace, path="8/70")).json()["type"] == "/problems/account-not-found"
        admin = workplace.token(1, "ADMIN")
        assert (await client.get("/predictions/8/70", headers=admin)).status_code == 200
        assert (await client.get("/predictions/999/70", headers=admin)).status_code == 404
        assert (await ask(client, workplace, "recipe=baseline")).json()["quantity"] == 2.0


async def test_without_a_version_of_demand_its_questions_say_so(workplace: Workplace) -> None:
    baseline = await workplace.publish(2.0)
    async with workplace.predictor() as client:
        await eventually_serves(client, baseline)
        for query in ("recipe=demand", "level=0.9", "as_of=2026-03-01", "horizon_days=28"):
            answer = await ask(client, workplace, query)
            assert (answer.status_code, answer.json()["type"]) == (503, "/problems/no-model"), query
