"""Feature rows and the predictions made from them."""

import asyncio
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text

from ordercast.contracts.features import FEATURES
from ordercast.infra.migrations.upgrade import upgrade
from ordercast.services.shared.db.engine import Sessions, open_database
from ordercast.services.shared.db.features import FeatureRow
from ordercast.services.shared.http.access import ACCESS
from ordercast.services.shared.http.caller import ROLES
from tests.integration.predictor.conftest import Workplace
from tests.integration.predictor.watch import eventually, eventually_serves
from tests.support.model_artifacts import judgement, write_model
from tests.support.seeds import seed_accounts
from tests.support.stack import Stack

AS_OF = datetime(2026, 11, 20, 12, 30, tzinfo=UTC)
ORDERED_AT = datetime(2026, 11, 19, 8, 0, tzinfo=UTC)


async def write_row(sessions: Sessions, account_id: int, product_id: int, view_count: int, **values: Any) -> None:
    row = FeatureRow(
        account_id=account_id,
        product_id=product_id,
        view_count=view_count,
        views_before_first_order=view_count,
        partition=account_id % 4,
        updated_at=AS_OF,
        **values,
    )
    async with sessions() as session, session.begin():
        session.add(row)


async def test_a_pair_is_predicted_from_the_views_of_its_feature_row(workplace: Workplace) -> None:
    judged = judgement("no better than the mean", collapsed_members=3)
    model = await workplace.record(write_model(workplace.settings.artifacts_dir, seed=4, judgement=judged))
    await write_row(workplace.sessions, 7, 70, 4321)
    async with workplace.predictor() as client:
        await eventually_serves(client, model)
        answer = (await client.get("/predictions/7/70", headers=workplace.token(7))).json()
        by_views = (await client.get("/predictions?view_count=4321")).json()
    assert answer.items() >= by_views.items()
    assert (answer["account_id"], answer["product_id"], answer["has_features"]) == (7, 70, True)
    assert (answer["quality"], answer["collapsed_members"]) == ("no better than the mean", 3)
    assert datetime.fromisoformat(answer["features_as_of"]) == AS_OF


async def test_a_pair_without_a_row_counts_as_no_views_and_says_so(workplace: Workplace) -> None:
    model = await workplace.record(write_model(workplace.settings.artifacts_dir, seed=4))
    async with workplace.predictor() as client:
        await eventually_serves(client, model)
        answer = (await client.get("/predictions/7/70", headers=workplace.token(7))).json()
        none = (await client.get("/predictions?view_count=0")).json()
    assert answer.items() >= none.items()
    assert (answer["view_count"], answer["has_features"], answer["features_as_of"]) == (0, False, None)


async def test_a_token_that_ended_before_its_time_is_refused_within_seconds(workplace: Workplace) -> None:
    (account,) = await seed_accounts(workplace.sessions, 1)
    async with workplace.predictor() as client:

        async def status() -> int:
            return (await client.get(f"/predictions/{account}/70", headers=workplace.token(account))).status_code

        assert await status() == 503  # no model yet
        async with workplace.sessions() as session, session.begin():
            await session.execute(text("UPDATE accounts SET token_version = 1, tokens_ended_at = now()"))

        async def is_refused() -> bool:
            return await status() == 401

        await eventually(is_refused)


async def test_the_age_of_what_a_prediction_knows_is_measured(workplace: Workplace) -> None:
    model = await workplace.record(write_model(workplace.settings.artifacts_dir, seed=4))
    now = datetime.now(UTC)
    ordered, viewed = now - timedelta(hours=5), now - timedelta(hours=3)
    await write_row(workplace.sessions, 1, 10, 100, last_ordered_at=ordered, last_viewed_at=viewed)
    await write_row(workplace.sessions, 1, 11, 100, last_viewed_at=now + timedelta(hours=1))
    await write_row(workplace.sessions, 1, 12, 100)
    before = {name: _freshness(name) for name in ("sum", "count")}
    async with workplace.predictor() as client:
        await eventually_serves(client, model)
        pairs = [{"account_id": 1, "product_id": product} for product in (10, 11, 12, 13)]
        answer = await client.post("/predictions", json={"pairs": pairs}, headers=workplace.token(1))
    assert answer.status_code == 200
    assert _freshness("count") - before["count"] == 2, (
        "neither a row without events nor a pair without a row has an age"
    )
    assert _freshness("sum") - before["sum"] == pytest.approx(3 * 3_600, rel=0.05)


def _freshness(part: str) -> float:
    return REGISTRY.get_sample_value(f"ordercast_prediction_freshness_seconds_{part}") or 0


async def test_a_batch_of_pairs_answers_in_order_with_and_without_rows_and_repeats(workplace: Workplace) -> None:
    model = await workplace.record(write_model(workplace.settings.artifacts_dir, seed=4))
    await write_row(workplace.sessions, 1, 10, 100)
    await write_row(workplace.sessions, 2, 10, 200)
    pairs = [
        {"account_id": account, "product_id": product} for account, product in [(2, 10), (1, 10), (1, 11), (2, 10)]
    ]
    async with workplace.predictor() as client:
        await eventually_serves(client, model)
        answer = await client.post("/predictions", json={"pairs": pairs}, headers=workplace.token(99, "ADMIN"))
        singles = [
            (
                await client.get(
                    f"/predictions/{pair['account_id']}/{pair['product_id']}", headers=workplace.token(99, "ADMIN")
                )
            ).json()
            for pair in pairs
        ]
    body = answer.json()
    assert body["model_version"] == model.version
    assert [row["view_count"] for row in body["data"]] == [200, 100, 0, 200]
    assert [row["has_features"] for row in body["data"]] == [True, True, False, True]
    for batched, single in zip(body["data"], singles, strict=True):
        assert batched["quantity"] == pytest.approx(single["quantity"], rel=1e-5)
        assert {key: batched[key] for key in ("account_id", "product_id", "features_as_of")} == {
            key: single[key] for key in ("account_id", "product_id", "features_as_of")
        }


async def test_ten_thousand_pairs_are_one_request(workplace: Workplace) -> None:
    model = await workplace.publish(3.0)
    pairs = [{"account_id": 5, "product_id": product} for product in range(1, 10_001)]
    await write_row(workplace.sessions, 5, 10_000, 77)
    async with workplace.predictor() as client:
        await eventually_serves(client, model)
        answer = await client.post("/predictions", json={"pairs": pairs}, headers=workplace.token(5))
    assert answer.status_code == 200
    data = answer.json()["data"]
    assert [row["product_id"] for row in data] == list(range(1, 10_001))
    assert [row["product_id"] for row in data if row["has_features"]] == [10_000]


async def test_a_feature_row_is_shown_with_every_feature_and_its_position(workplace: Workplace) -> None:
    await write_row(
        workplace.sessions,
        6,
        60,
        12,
        first_ordered_at=ORDERED_AT,
        first_event_id=UUID(int=1),
        first_quantity=3,
        first_order_quantity=5,
        first_price=Decimal("2.5500"),
        order_count=2,
        total_quantity=5,
        cancelled_quantity=1,
        last_ordered_at=ORDERED_AT,
        orders_offset=41,
        views_offset=None,
    )
    async with workplace.predictor() as client:
        answer = await client.get("/features/6/60", headers=workplace.token(6))
    body = answer.json()
    assert set(body) == {feature.name for feature in FEATURES} | {"account_id", "product_id", "position", "as_of"}
    assert body["position"] == {"partition": 2, "orders_offset": 41, "views_offset": None}
    assert Decimal(body["first_price"]) == Decimal("2.55")
    assert isinstance(body["first_price"], str)
    assert datetime.fromisoformat(body["first_ordered_at"]) == ORDERED_AT
    assert datetime.fromisoformat(body["as_of"]) == AS_OF
    assert (body["first_quantity"], body["first_order_quantity"]) == (3, 5)
    assert (body["order_count"], body["total_quantity"], body["cancelled_quantity"]) == (2, 5, 1)
    assert (body["view_count"], body["views_before_first_order"], body["last_viewed_at"]) == (12, 12, None)


async def test_features_without_a_row_are_a_404(workplace: Workplace) -> None:
    async with workplace.predictor() as client:
        answer = await client.get("/features/6/61", headers=workplace.token(6))
    assert answer.status_code == 404
    assert answer.json()["type"] == "/problems/features-not-found"


async def test_an_account_sees_its_own_rows_and_who_reaches_all_sees_them_all(workplace: Workplace) -> None:
    model = await workplace.publish(3.0)
    await write_row(workplace.sessions, 1, 10, 100)
    async with workplace.predictor() as client:
        await eventually_serves(client, model)
        for path in ("/features/1/10", "/predictions/1/10"):
            asked = [
                await client.get(path, headers=token)
                for token in (workplace.token(1), workplace.token(2), *(workplace.token(9, role) for role in ROLES))
            ]
            access = ACCESS["GET", path.replace("1", "{account_id}", 1).replace("10", "{product_id}")]
            by_role = [200 if access.reach[role] == "any" else 404 for role in ROLES]
            assert [answer.status_code for answer in asked] == [200, 404, *by_role]
        mixed = [{"account_id": 2, "product_id": 10}, {"account_id": 1, "product_id": 10}]
        answer = await client.post("/predictions", json={"pairs": mixed}, headers=workplace.token(2))
        assert answer.status_code == 404
        assert "data" not in answer.json()


async def test_while_postgresql_is_gone_pairs_are_a_503_and_view_counts_go_on(
    workplace: Workplace, stack: Stack, tmp_path: Path
) -> None:
    mine = workplace.token(1)
    written = write_model(workplace.settings.artifacts_dir, quantity=3.0)
    async with stack.postgres(tmp_path / "postgres") as server, AsyncExitStack() as running:
        async with server.running():
            await server.create_database()
            await asyncio.to_thread(upgrade, server.url())
            async with open_database(server.url(), application="test") as sessions:
                await Workplace(sessions, workplace.settings, workplace.signer, workplace.key).record(written)
            # Only now: a database without our tables is no database that is away, and ends a predictor.
            client = await running.enter_async_context(workplace.predictor(database_url=server.url()))

            async def pair_answers() -> bool:
                return (await client.get("/predictions/1/10", headers=mine)).status_code == 200

            await eventually_serves(client, written)
            assert await pair_answers()
        answers = [await client.get(path, headers=mine) for path in ("/predictions/1/10", "/features/1/10", "/models")]
        assert [answer.status_code for answer in answers] == [503] * 3
        assert {answer.headers["content-type"] for answer in answers} == {"application/problem+json"}
        assert (await client.get("/predictions?view_count=5")).json()["quantity"] == 3.0
        ready = await client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["checks"]["database"] != "ok"
        async with server.running():
            await eventually(pair_answers)
