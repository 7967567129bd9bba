"""A training begins when the feature worker has counted what was ordered by then, and says what it waits for."""

import asyncio
from types import SimpleNamespace
from uuid import UUID

import pytest
from sqlalchemy import text

from ordercast.services.trainer.jobs import wait_for_worker as waiting
from ordercast.services.trainer.jobs.answers import TrainingAnswer, WaitingEvent
from ordercast.services.trainer.jobs.lease import Interrupted, claim_next
from ordercast.services.trainer.jobs.trainings import ask_to_cancel
from tests.integration.trainer.conftest import Workplace, eventually, start
from tests.integration.trainer.jobs.test_trainings import queue
from tests.integration.trainer.jobs.test_watch_training import always, watching

NOTHING = "there is no data to train on: nothing was ordered or viewed"


ORDERED = "INSERT INTO outbox_shards VALUES (:shard, :number) ON CONFLICT (shard) DO UPDATE SET last_number = :number"
COUNTED = """
    INSERT INTO feature_last_sequences VALUES ('orders', :shard, 'outbox', :number, now())
    ON CONFLICT (topic, partition, producer) DO UPDATE SET last_sequence = :number
"""


async def written(workplace: Workplace, statement: str, **values: int) -> None:
    async with workplace.sessions() as session, session.begin():
        await session.execute(text(statement), values)


async def ordered(workplace: Workplace, number: int, shard: int = 3) -> None:
    """So many events were acknowledged."""
    await written(workplace, ORDERED, shard=shard, number=number)


async def counted(workplace: Workplace, number: int, shard: int = 3) -> None:
    """So many of them the feature worker has counted."""
    await written(workplace, COUNTED, shard=shard, number=number)


async def test_a_training_right_after_an_import_waits_for_the_worker_and_says_so(workplace: Workplace) -> None:
    await ordered(workplace, 5)
    async with workplace.trainer() as client, watching(workplace) as watch:
        training_id = await start(client, recipe="demand")
        waits = await eventually(client, training_id, lambda training: bool(training["progress"]["events_behind"]))
        events = watch(UUID(training_id), asyncio.Event(), always)
        first = await anext(events)
        await ordered(workplace, 9)  # what comes later is not waited for
        await counted(workplace, 5)
        *_, last = [event async for event in events]

    assert (waits["status"], waits["progress"]["events_behind"]) == ("running", 5)
    assert first == WaitingEvent(5)
    assert isinstance(last, TrainingAnswer)
    assert (last.error, last.progress.events_behind) == (NOTHING, 0)


async def test_a_worker_that_stands_still_ends_the_training_with_the_reason(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "STALLED_S", 0.0)
    await ordered(workplace, 1_005)
    await counted(workplace, 5)
    async with workplace.trainer() as client:
        training = await eventually(
            client, await start(client, recipe="demand"), lambda training: training["status"] == "failed"
        )
    assert training["error"].startswith("the feature worker is behind by 1,000 events of orders, and has counted none")
    assert training["progress"]["events_behind"] == 0


async def test_a_database_that_is_away_is_no_worker_that_stands_still(
    workplace: Workplace, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ordered(workplace, 5)
    await queue(workplace)
    lease = await claim_next(workplace.sessions, "a")
    assert lease is not None
    clock = iter(range(0, 10_000, 100))
    monkeypatch.setattr(waiting, "time", SimpleNamespace(monotonic=lambda: next(clock)))
    answers = iter([5, None, None, 0])

    async def behind(*_: object) -> int:
        if (answer := next(answers)) is None:
            raise ConnectionRefusedError
        return answer

    monkeypatch.setattr(waiting, "_behind", behind)
    await waiting.wait_for_worker(lease, workplace.sessions, asyncio.Event())


async def test_what_was_seen_above_a_gap_is_not_waited_for(workplace: Workplace) -> None:
    await ordered(workplace, 5)
    await ordered(workplace, 2, shard=4)
    await counted(workplace, 1)
    await counted(workplace, 2, shard=4)
    await written(workplace, "INSERT INTO feature_sequences_ahead VALUES ('orders', 3, 'outbox', 4, 5)")
    await queue(workplace)
    lease = await claim_next(workplace.sessions, "a")
    assert lease is not None
    async with asyncio.timeout(10):
        await waiting.wait_for_worker(lease, workplace.sessions, asyncio.Event())


@pytest.mark.parametrize("why", ["cancel", "stop"])
async def test_a_training_that_waits_can_be_cancelled_and_stopped(workplace: Workplace, why: str) -> None:
    await ordered(workplace, 5)
    await queue(workplace)
    lease, stopping = await claim_next(workplace.sessions, "a"), asyncio.Event()
    assert lease is not None
    if why == "stop":
        stopping.set()
    else:
        async with workplace.sessions() as session, session.begin():
            await ask_to_cancel(session, lease.training.id)
    with pytest.raises(Interrupted) as interrupted:
        await waiting.wait_for_worker(lease, workplace.sessions, stopping)
    assert interrupted.value.why == why
