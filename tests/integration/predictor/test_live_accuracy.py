"""What was said is judged by what was ordered in its days, and by nothing else."""

import threading
from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import numpy as np
import pytest

from ordercast.client.live_answers import Drift, LiveAccuracy
from ordercast.contracts.topics import PREDICTIONS
from ordercast.services.predictor.live_accuracy import KEPT_TIMES, LiveAnswers, WatchLive, live_accuracy
from ordercast.services.predictor.load_demand import load_demand
from ordercast.services.predictor.model_slot import ModelSlot
from ordercast.services.predictor.sample_predictions import SamplePredictions
from ordercast.services.shared.db.features import PairActivity, PredictionAnswer
from ordercast.services.shared.db.metadata import Base
from ordercast.services.shared.demand.drift import bins_of
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, names
from ordercast.services.shared.kafka.open_consumer import read_topic
from ordercast.services.shared.telemetry.metrics import LIVE_COVERAGE, LIVE_DEVIANCE, LIVE_PREDICTIONS
from ordercast.services.trainer.judging.scores import order_scores, piece_scores
from tests.integration.predictor.conftest import Workplace
from tests.integration.predictor.test_pair_demand import DAY, ask, eventually_answers, fill, make_shop
from tests.integration.predictor.watch import eventually
from tests.support.demand_versions import WrittenDemand
from tests.support.fresh_topics import FreshTopics

TODAY = date(2026, 7, 1)
PAIRS = 1_200


def said(model: WrittenDemand, account_id: int, starts_on: date, **changes: Any) -> PredictionAnswer:
    values = {
        "expected_quantity": 1.0,
        "naive_quantity": 2.0,
        "low": 0,
        "high": 4,
        "level": 0.9,
        "order_probability": 0.3,
    }
    return PredictionAnswer(
        account_id=account_id,
        product_id=5,
        starts_on=starts_on,
        ends_on=starts_on + timedelta(days=27),
        model_version=model.version,
        made_at=datetime(2026, 5, 1, tzinfo=UTC),
        **{**values, **changes},
    )


def bought(account_id: int, day: date, quantity: int, cancelled: int = 0, known_on: date | None = None) -> PairActivity:
    sums = {"orders": 1, "first_lines": 1, "order_lines": 1, "amount": quantity, "views": 3, "carts": 0}
    return PairActivity(
        account_id=account_id, product_id=5, day=day, known_on=known_on or day, quantity=quantity,
        cancelled_quantity=cancelled, **sums,
    )  # fmt: skip


async def store(workplace: Workplace, rows: list[Base]) -> None:
    async with workplace.sessions() as session, session.begin():
        session.add_all(rows)


async def live(workplace: Workplace, model: WrittenDemand, today: date = TODAY) -> Any:
    return await live_accuracy(workplace.sessions, model.version, model.manifest, today)


async def test_the_figures_are_those_that_the_trainer_computes_for_the_same_rows(workplace: Workplace) -> None:
    model, random = await workplace.publish_demand(), np.random.default_rng(3)
    clip = model.manifest.questions["pair"].clip
    target = np.where(random.random(PAIRS) < 0.3, random.geometric(0.1, PAIRS), 0)
    target[:3] = int(clip) + 500, 1, int(clip) + 500
    expected, naive = random.gamma(1.0, 3.0, PAIRS), random.gamma(1.0, 3.0, PAIRS)
    naive[:300] = 0.0
    naive[2] = clip + 100  # its own rate is beyond the clip of all
    probability, low = random.random(PAIRS), random.integers(0, 4, PAIRS)
    starts_on = TODAY - timedelta(days=28)
    rows: list[Base] = [
        said(
            model, number + 1, starts_on, expected_quantity=float(expected[number]), naive_quantity=float(naive[number]),
            order_probability=float(probability[number]), low=int(low[number]), high=int(low[number]) + 5,
        )
        for number in range(PAIRS)
    ]  # fmt: skip
    rows += [bought(number + 1, starts_on, int(target[number])) for number in np.flatnonzero(target).tolist()]
    await store(workplace, rows)
    found = await live(workplace, model)
    assert (found.ended, found.open, found.intervals) == (PAIRS, 0, PAIRS)
    for errors, answered in ((found.model, expected), (found.naive, naive)):
        scores = piece_scores(answered, target, np.maximum(clip, np.floor(2 * naive)))
        assert errors.deviance == pytest.approx(scores.deviance)
        assert errors.mae == pytest.approx(scores.mae)
        assert errors.said_over_sold == pytest.approx(scores.bias + 1)
    assert found.orders.brier == pytest.approx(order_scores(probability, target > 0).brier)
    assert found.orders.order_share == pytest.approx((target > 0).mean())
    assert found.orders.order_probability == pytest.approx(probability.mean())
    assert found.coverage == pytest.approx(((low <= target) & (target <= low + 5)).mean())
    assert (found.long_intervals, found.shorter_coverage) == (
        PAIRS,
        pytest.approx(((low <= target) & (target < low + 5)).mean()),
    )
    assert (found.held_out_model.deviance, found.held_out_naive.deviance, found.held_out_brier) == (5.0, 8.0, 0.05)
    assert found.judgement.startswith("better than the pair's own rate so far: deviance")
    assert "intervals of 90 % do not hold" in found.judgement


async def test_what_was_ordered_in_its_own_days_counts_less_what_came_back_whenever_that_was(
    workplace: Workplace,
) -> None:
    model = await workplace.publish_demand()
    first = TODAY - timedelta(days=28)
    last = TODAY - timedelta(days=1)
    await store(
        workplace,
        [
            said(model, 1, first),
            said(model, 2, first, level=0.5),
            said(model, 3, first + timedelta(days=1)),  # its last day is today
            said(model, 4, first),
            bought(1, first - timedelta(days=1), 100),
            bought(1, first, 5),
            bought(1, last, 3),
            bought(1, last, 0, cancelled=1, known_on=TODAY + timedelta(days=3)),
            bought(1, TODAY, 100),
            bought(3, last, 100),
            bought(4, first, 0, cancelled=9),  # of an order that is not in the table
        ],
    )
    found = await live(workplace, model)
    assert (found.ended, found.open, found.sold, found.intervals) == (3, 1, 7.0, 2)
    assert (found.first_day, found.last_day) == (first, last)
    assert found.model.mae == pytest.approx((6 + 1 + 1) / 3)
    assert found.coverage == 0.5  # 7 lies above 4, 0 within; an interval of another level is not counted
    assert found.judgement == "too few to judge: the days of 3 predictions are over, needed are 1,000"
    assert found.because == [{"code": "too-few-have-ended", "values": {"ended": 3, "needed": 1000}}]
    assert (await live(workplace, model, TODAY - timedelta(days=1))).model is None
    assert (await live(workplace, await workplace.publish_demand())).ended == 0


async def test_admins_see_how_a_version_of_demand_has_done(workplace: Workplace) -> None:
    model, baseline = await workplace.publish_demand(), await workplace.publish(2.0)
    await store(workplace, [said(model, 1, date(2026, 1, 1)), bought(1, date(2026, 1, 5), 3)])
    admin = workplace.token(1, "ADMIN")
    async with workplace.predictor() as client:
        path = f"/models/{model.version}/live"
        assert (await client.get(path)).status_code == 401
        assert (await client.get(path, headers=workplace.token(7))).status_code == 403
        answer = await client.get(path, headers=admin)
        assert answer.status_code == 200, answer.text
        found = msgspec.json.decode(answer.content, type=LiveAccuracy)
        assert (found.ended, found.sold, found.coverage) == (1, 3.0, 1.0)
        assert "1 predictions whose days are over, 0 open" in "\n".join(found.lines())
        other = await client.get(f"/models/{baseline.version}/live", headers=admin)
        assert (other.status_code, other.json()["type"]) == (422, "/problems/invalid-question")
        assert (await client.get("/models/v1/live", headers=admin)).status_code == 404


async def test_the_metrics_tell_of_the_served_version(workplace: Workplace) -> None:
    model = await workplace.publish_demand()
    served = load_demand(workplace.settings.artifacts_dir, model.version, model.manifest_sha256)
    slot = ModelSlot[Any]("demand")
    answers = LiveAnswers(kept_s=0.0, kept_times=KEPT_TIMES)
    watch = WatchLive(workplace.sessions, slot, answers)
    assert await watch() < 10
    slot.swap(served)
    await watch()
    assert np.isnan(LIVE_COVERAGE._value.get())
    await store(workplace, [said(model, 1, date(2026, 1, 1)), said(model, 2, date(2126, 1, 1))])
    await watch()
    assert [
        LIVE_PREDICTIONS.labels(state)._value.get() for state in ("ended", "open", "intervals", "long_intervals")
    ] == [1, 1, 1, 1]
    assert LIVE_DEVIANCE.labels("model")._value.get() == pytest.approx(2.0)
    assert LIVE_DEVIANCE.labels("naive")._value.get() == pytest.approx(4.0)
    assert LIVE_COVERAGE._value.get() == 1.0


async def test_a_judgement_that_takes_long_is_at_hand_before_anybody_asks(workplace: Workplace) -> None:
    model, clock = await workplace.publish_demand(), [100.0]
    answers = LiveAnswers(0.0, lambda: clock[0], kept_times=KEPT_TIMES)
    judged = 0

    async def judge() -> Any:
        nonlocal judged
        judged += 1
        clock[0] += 1.0
        return await live(workplace, model)

    renewed = await answers.renew(model.version, judge)
    assert datetime.now(UTC) - renewed.as_of < timedelta(minutes=1)
    clock[0] += KEPT_TIMES - 1
    assert await answers.get(model.version, judge) is renewed
    assert judged == 1
    clock[0] += 1
    assert await answers.get(model.version, judge) is not renewed


async def test_an_answer_for_now_is_in_the_topic_and_one_for_a_past_moment_is_not(
    workplace: Workplace, fresh_topics: FreshTopics
) -> None:
    model = await make_shop(workplace)
    settings = {"prediction_sample": 1.0, "partitions": fresh_topics.partitions}
    async with workplace.predictor(kafka_bootstrap=fresh_topics.bootstrap, **settings) as client:
        await eventually_answers(client, workplace)
        await ask(client, workplace, f"as_of={date(2026, 3, 31)}", path="7/71")

        async def is_told() -> bool:
            return bool([record async for record in read_topic(fresh_topics.bootstrap, PREDICTIONS.name)])

        await eventually(is_told)
        answer = (await ask(client, workplace)).json()
    [record] = [record async for record in read_topic(fresh_topics.bootstrap, PREDICTIONS.name)]
    told = msgspec.json.decode(record.value or b"")
    assert record.partition.number == 7 % fresh_topics.partitions
    assert (told["account_id"], told["product_id"], told["model_version"]) == (7, 70, model.version)
    assert told["expected_quantity"] == pytest.approx(answer["expected_quantity"])
    assert (told["low"], told["high"]) == (answer["interval"]["low"], answer["interval"]["high"])


async def test_answers_of_batches_and_of_an_accounts_list_are_in_the_topic_each_once(
    workplace: Workplace, fresh_topics: FreshTopics
) -> None:
    await make_shop(workplace)
    settings = {"prediction_sample": 1.0, "partitions": fresh_topics.partitions}
    async with workplace.predictor(kafka_bootstrap=fresh_topics.bootstrap, **settings) as client:
        await eventually_answers(client, workplace)
        client.headers.update(workplace.token(1, "ADMIN"))
        listed = (await client.get("/accounts/7/predictions")).json()
        pairs = [{"account_id": account, "product_id": product} for account in (7, 8) for product in (70, 71)]
        batch = (await client.post("/predictions", json={"pairs": pairs})).json()
        expected = {(one["account_id"], one["product_id"]): one["expected_quantity"] for one in batch["data"]}
        assert {(7, one["product_id"]) for one in listed["data"]} <= expected.keys()

        async def told() -> list[dict[str, Any]]:
            return [
                msgspec.json.decode(one.value or b"")
                async for one in read_topic(fresh_topics.bootstrap, PREDICTIONS.name)
            ]

        async def all_are_told() -> bool:
            return len(await told()) >= len(expected)

        await eventually(all_are_told)
        events = await told()
    assert {(one["account_id"], one["product_id"]): one["expected_quantity"] for one in events} == expected
    assert len(events) == len(expected)


async def test_drift_is_told_against_what_the_training_kept_and_with_the_age(workplace: Workplace) -> None:
    await make_shop(workplace)
    admin, features = workplace.token(1, "ADMIN"), names(PAIR_FEATURES)
    values = np.random.default_rng(3).normal(100, 1, (50, len(features)))  # far from any shop's
    model, baseline = await workplace.publish_demand(), await workplace.publish(2.0)
    questions = model.manifest.questions
    pair = msgspec.structs.replace(questions["pair"], snapshot=bins_of(values))
    kept = await workplace.publish_demand(questions={**questions, "pair": pair})
    async with workplace.predictor() as client:
        await eventually_answers(client, workplace)
        path = f"/models/{kept.version}/drift"
        assert (await client.get(path, headers=workplace.token(7))).status_code == 403
        answer = await client.get(path, headers=admin)
        assert answer.status_code == 200, answer.text
        found = msgspec.json.decode(answer.content, type=Drift)
        assert (found.pairs, found.trained_at) == (3, kept.manifest.created_at)
        assert found.age_days > 100
        again = msgspec.json.decode((await client.get(path, headers=admin)).content, type=Drift)
        assert again.age_days > found.age_days, "what is kept of the features says nothing of the age"
        assert {one.feature for one in found.features} == {
            one.name for one in PAIR_FEATURES if one.kind not in ("calendar", "log days")
        }
        assert min(one.psi for one in found.features) > 1
        assert f"drift of 3 pairs since (over 0.25: a lot): {found.features[0].feature}" in found.lines()[0]
        older = (await client.get(f"/models/{model.version}/drift", headers=admin)).json()
        assert older["features"] == []
        other = await client.get(f"/models/{baseline.version}/drift", headers=admin)
        assert (other.status_code, other.json()["type"]) == (422, "/problems/invalid-question")


async def test_what_an_accounts_list_does_not_answer_is_not_in_the_topic_and_it_is_chosen_beside_the_event_loop(
    workplace: Workplace, fresh_topics: FreshTopics, monkeypatch: pytest.MonkeyPatch
) -> None:
    await make_shop(workplace)
    await fill(workplace.sessions, 7, 999, DAY, 9, offset=2)  # of a product that is gone
    threads: list[threading.Thread] = []
    chosen = SamplePredictions.chosen

    def noted(*args: Any) -> Any:
        threads.append(threading.current_thread())
        return chosen(*args)

    monkeypatch.setattr(SamplePredictions, "chosen", noted)
    settings = {"prediction_sample": 1.0, "partitions": fresh_topics.partitions}
    async with workplace.predictor(kafka_bootstrap=fresh_topics.bootstrap, **settings) as client:
        client.headers.update(workplace.token(7))

        async def knows_it() -> bool:
            return bool((await client.get("/accounts/7/predictions")).json().get("known_products") == 3)

        await eventually(knows_it)

        async def told() -> set[int]:
            records = [record async for record in read_topic(fresh_topics.bootstrap, PREDICTIONS.name)]
            return {msgspec.json.decode(record.value or b"")["product_id"] for record in records}

        async def is_told() -> bool:
            return len(await told()) >= 2

        await eventually(is_told)
    assert await told() == {70, 71}
    assert threads
    assert threading.main_thread() not in threads
