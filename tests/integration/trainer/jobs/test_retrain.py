"""Trainings that nobody asked for: one, however many trainers look, by the recipe of the version that serves."""

import asyncio
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import msgspec
import numpy as np
from sqlalchemy import func, insert, update

from ordercast.services.shared.db.features import PairActivity
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.shared.demand.drift import bins_of
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.telemetry.metrics import RETRAINING_LOOKS
from ordercast.services.trainer.demand_recipes import DEMAND_SETTINGS
from ordercast.services.trainer.jobs.answers import TrainingAnswer
from ordercast.services.trainer.jobs.ask_for_training import ask_for_training, cancel_training, read_trainings
from ordercast.services.trainer.jobs.bound_trainings import TrainingBounds
from ordercast.services.trainer.jobs.retrain import Retrain
from ordercast.services.trainer.jobs.retrain_rules import RetrainRules
from ordercast.services.trainer.recipes import asked_training
from tests.integration.trainer.conftest import Workplace, until
from tests.support.demand_versions import WrittenDemand, demand_version, write_demand

LEARNED: Final = demand_version()[0].data.rows
LEAN: Final = msgspec.structs.replace(DEMAND_SETTINGS, name="lean", members=2, epochs=3, horizon_days=7)


async def publish(workplace: Workplace, **changes: Any) -> WrittenDemand:
    written = write_demand(workplace.settings.artifacts_dir, **changes)
    row = {
        "version": written.version,
        "training_id": written.manifest.training_id,
        "recipe": "demand",
        "manifest_sha256": written.manifest_sha256,
    }
    async with workplace.sessions() as session, session.begin():
        await session.execute(insert(ModelVersion), row)
    return written


async def add_rows(workplace: Workplace, number: int) -> None:
    rows = [
        {"account_id": account, "product_id": 1, "day": date(2026, 1, 1), "known_on": date(2026, 1, 1)}
        for account in range(1, number + 1)
    ]
    async with workplace.sessions() as session, session.begin():
        await session.execute(insert(PairActivity), rows)


def retrain(workplace: Workplace, bounds: TrainingBounds = TrainingBounds(), **rules: Any) -> Retrain:  # noqa: B008
    return Retrain(workplace.sessions, workplace.settings.artifacts_dir, RetrainRules(**rules), bounds)


async def all_trainings(workplace: Workplace) -> list[TrainingAnswer]:
    found, _ = await read_trainings(workplace.sessions, limit=100, starting_after=None)
    return list(found)


async def test_of_many_trainers_that_look_at_once_one_asks_by_the_recipe_that_serves(workplace: Workplace) -> None:
    served = await publish(workplace, settings=LEAN)
    await add_rows(workplace, LEARNED + 20)
    assert (await retrain(workplace, rows=21).look()).outcome == "not-due"
    trainers = [retrain(workplace, rows=20) for _ in range(6)]
    decisions = await asyncio.gather(*(trainer.look() for trainer in trainers))
    assert sorted(decision.outcome for decision in decisions) == ["started"] + 5 * ["waiting"]

    [training] = await all_trainings(workplace)
    assert training.asked_by_rule == f"{served.version}: 20 new rows (rule: 20)"
    assert training.rules == [{"code": "rule-of-new-rows", "values": {"rows": 20, "rule": 20}}]
    assert (training.asked_by, training.publish, training.until) == (None, "if-better", None)
    assert (training.recipe, training.members, training.epochs, training.horizon_days) == ("lean", 2, 3, 7)
    await cancel_training(workplace.sessions, training.id)
    assert (await trainers[0].look()).outcome == "paused"


async def test_nothing_is_asked_for_while_somebody_elses_training_of_any_recipe_waits(workplace: Workplace) -> None:
    await publish(workplace)
    looks = [retrain(workplace, days=1).look() for _ in range(3)]
    asks = [
        ask_for_training(workplace.sessions, asked_training("baseline"), 1, asked_by=Caller(5, "OPERATOR"))
        for _ in range(3)
    ]
    await asyncio.gather(*asks)
    assert {decision.outcome for decision in await asyncio.gather(*looks)} == {"waiting"}
    assert {training.asked_by for training in await all_trainings(workplace)} == {5}


async def test_it_is_asked_for_anew_when_the_pause_is_over_and_not_under_a_pin(workplace: Workplace) -> None:
    served = await publish(workplace)
    trainer = retrain(workplace, days=1, pause_hours=1e-6)
    assert (await trainer.look()).outcome == "started"
    [first] = await all_trainings(workplace)
    assert (first.recipe, first.horizon_days) == ("demand", 28)
    await cancel_training(workplace.sessions, first.id)
    async with workplace.sessions() as session, session.begin():
        pin = update(ModelVersion).where(ModelVersion.version == served.version)
        await session.execute(pin.values(activated_at=func.now(), pinned_at=func.now()))
    assert (await trainer.look()).outcome == "pinned"
    async with workplace.sessions() as session, session.begin():
        await session.execute(update(ModelVersion).values(pinned_at=None))
    assert (await trainer.look()).outcome == "started"
    assert len(await all_trainings(workplace)) == 2


async def test_drift_is_that_of_the_feature_that_has_moved_most(workplace: Workplace) -> None:
    values = np.random.default_rng(3).normal(100, 1, (50, len(PAIR_FEATURES)))  # far from any shop's
    questions = demand_version()[0].questions
    pair = msgspec.structs.replace(questions["pair"], snapshot=bins_of(values))
    await publish(workplace, questions={**questions, "pair": pair})
    assert (await retrain(workplace, drift=0.25).look()).outcome == "not-due"  # of no pair is anything known
    await add_rows(workplace, 5)
    assert (await retrain(workplace, drift=99.0).look()).outcome == "not-due"
    assert (await retrain(workplace, drift=0.25).look()).outcome == "started"
    [training] = await all_trainings(workplace)
    assert "has drifted by a PSI of" in (training.asked_by_rule or "")


async def test_what_cannot_be_is_refused_with_the_reason(workplace: Workplace) -> None:
    assert (await retrain(workplace, days=1).look()).outcome == "no-version"
    await publish(workplace)
    await add_rows(workplace, 5)
    refused = await retrain(workplace, TrainingBounds(work=10), days=1).look()
    assert (refused.outcome, "at most 10 are allowed" in refused.reason) == ("refused", True)
    damaged = await publish(workplace)
    (damaged.folder / "manifest.json").write_bytes(b"{}")
    assert (await retrain(workplace, days=1).look()).outcome == "unreadable"
    assert await all_trainings(workplace) == []


async def test_a_trainer_looks_by_itself_where_a_rule_is_set_and_counts_it(workplace: Workplace) -> None:
    started_before = RETRAINING_LOOKS.labels("started")._value.get()
    served = await publish(workplace, created_at=datetime.now(UTC) - timedelta(days=2))
    async with workplace.trainer(retrain_after_days=1.0) as client:

        async def ended() -> bool:
            found = (await client.get("/trainings")).json()["data"]
            return [training["status"] for training in found] == ["failed"]  # there is nothing to learn from

        await until(ended)
        found = (await client.get("/trainings")).json()["data"]
    assert [training["asked_by_rule"] for training in found] == [f"{served.version}: 2 days old (rule: 1)"]
    assert RETRAINING_LOOKS.labels("started")._value.get() == started_before + 1
