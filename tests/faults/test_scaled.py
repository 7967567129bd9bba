"""Several of every service, killed, stopped, started and scaled under posting clients: nothing is lost or counted twice.

Clients go from one order_api to the next with each request, send some keys to two of them at the same time, and never stop.
"""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import text

from ordercast.client import Client, open_client
from ordercast.client.follow_training import until_served
from ordercast.client.predictor import PredictorApi
from ordercast.client.training_answers import FINISHED, Training
from ordercast.infra.local.system import System, running_system
from ordercast.services.shared.db.engine import Sessions, open_database
from ordercast.system.access import addresses_of
from tests.support.metrics import read_metrics
from tests.support.offsets import free_offset
from tests.support.shopping import Tally, assert_all_counted_once, log_in_as_operator, shopping

SCALE: Final = {"order_api": 3, "relay": 3, "feature_worker": 4, "predictor": 3, "trainer": 2}
PARTITIONS: Final = 8
# Answers that each client gets between two blows: the system works, under load.
ANSWERS: Final = 5
# What is waited for comes within seconds on an idle machine; a lease runs out after 30.
WITHIN_S: Final = 90.0
LAG: Final = "ordercast_worker_lag_events"


async def until(holds: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await holds():
            await asyncio.sleep(0.1)


async def kill(system: System, victim: str, tally: Tally) -> None:
    """Kills it while all clients hurry; returns when it works again."""
    await tally.until_all_got(1)
    system.kill(victim)
    with tally.slowly():
        await system.until_healthy(victim, timeout_s=WITHIN_S)


async def until_shared_out(system: System, sessions: Sessions) -> None:
    """Every relay that runs publishes some shards, and every worker reads some partitions; together all of them."""
    relays, workers = set(system.plan.names("relay")), system.plan.names("feature_worker")

    async def shards_are() -> bool:
        async with sessions() as session:
            rows = (await session.execute(text("SELECT owner, count(*) FROM outbox_leases GROUP BY owner"))).all()
        held = [count for _, count in rows]
        return {owner for owner, _ in rows} == relays and max(held) - min(held) <= 1

    async def partitions_are() -> bool:
        metrics = await asyncio.gather(*(read_metrics(system.urls[name]) for name in workers))
        read = [len(found.values.get(LAG, [])) for found in metrics]
        return read == [3 * PARTITIONS // len(workers)] * len(workers)  # of orders, views and predictions

    await until(shards_are)
    await until(partitions_are)


async def until_both_trainers_work(sessions: Sessions) -> None:
    async def they_do() -> bool:
        async with sessions() as session:
            owners = await session.scalars(text("SELECT lease_owner FROM trainings WHERE status = 'running'"))
            return sorted(owners) == ["trainer", "trainer-2"]

    await until(they_do)


async def until_trained(admin: Client, trainings: list[Training]) -> list[Training]:
    async def they_are() -> bool:
        return all([(await admin.trainer.get(training.id)).status in FINISHED for training in trainings])

    await until(they_are)
    return [await admin.trainer.get(training.id) for training in trainings]


def predictors(system: System, admin: Client) -> list[PredictorApi]:
    """Every predictor, with the token that one order_api gave."""
    return [PredictorApi(admin.predictor.session, system.urls[name]) for name in system.plan.names("predictor")]


async def published_versions(sessions: Sessions) -> list[str]:
    """The oldest first."""
    async with sessions() as session:
        return list(await session.scalars(text("SELECT version FROM models ORDER BY published_at")))


@pytest.mark.timeout(600)
async def test_nothing_is_lost_or_counted_twice_while_several_of_each_are_killed_and_scaled(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ORDERCAST_WORKER_SESSION_S", "6")  # how long a worker that is gone keeps its partitions
    async with (
        running_system(tmp_path / "state", free_offset(), partitions=PARTITIONS, scale=SCALE) as system,
        open_database(system.info.database_url, application="test") as sessions,
        open_client(addresses_of(system.info)) as anonymous,
    ):
        admin = await log_in_as_operator(anonymous, system)
        async with shopping(system) as tally:
            with tally.slowly():
                await until_shared_out(system, sessions)
            await tally.until_all_got(ANSWERS)

            trainings = [await admin.trainer.start("baseline", members=2, epochs=3, seed=seed) for seed in (1, 2)]
            with tally.slowly():
                await until_both_trainers_work(sessions)
            for victim in ("trainer-2", "order_api-2", "relay-3", "feature_worker-4", "predictor-3"):
                await kill(system, victim, tally)
            await tally.until_all_got(ANSWERS)

            for service in ("feature_worker", "relay", "order_api", "predictor"):
                await system.scale(service, 1)
                await tally.until_all_got(ANSWERS)
            with tally.slowly():
                await until_shared_out(system, sessions)
                for service in ("feature_worker", "relay", "order_api", "predictor"):
                    await system.scale(service, SCALE[service])
            for victim in ("order_api", "relay", "feature_worker"):
                await tally.until_all_got(ANSWERS)
                await kill(system, victim, tally)
            with tally.slowly():
                await until_shared_out(system, sessions)
            await tally.until_all_got(ANSWERS)

            with tally.slowly():
                trained = await until_trained(admin, trainings)
        await assert_all_counted_once(system, tally)

        assert [(training.status, training.error) for training in trained] == [("succeeded", None)] * 2
        older, newest = await published_versions(sessions)
        assert {older, newest} == {training.model_version for training in trained}
        for predictor in predictors(system, admin):
            await until_served(predictor, newest)
        await predictors(system, admin)[1].activate(older)
        for predictor in predictors(system, admin):
            await until_served(predictor, older)
        assert len(predictors(system, admin)) == 3
