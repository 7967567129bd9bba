"""Who gets a training, who keeps it, and who may write of it."""

import asyncio
from typing import Any
from uuid import UUID

from sqlalchemy import func, text
from uuid_utils.compat import uuid7

from ordercast.services.trainer.jobs import trainings
from ordercast.services.trainer.jobs.tables import Training, TrainingEpoch
from ordercast.services.trainer.networks.fit import EpochLosses
from tests.integration.trainer.conftest import Workplace


async def queue(workplace: Workplace, **values: Any) -> UUID:
    row = Training(id=uuid7(), recipe="baseline", members=1, epochs=1, batch_size=1, seed=1, status="queued")
    for name, value in values.items():
        setattr(row, name, value)
    async with workplace.sessions() as session, session.begin():
        session.add(row)
    return row.id


async def claim(workplace: Workplace, owner: str) -> Training | None:
    async with workplace.sessions() as session, session.begin():
        return await trainings.claim(session, owner)


async def look(workplace: Workplace, training_id: UUID) -> Training:
    async with workplace.sessions() as session:
        return await session.get_one(Training, training_id)


async def let_leases_run_out(workplace: Workplace) -> None:
    async with workplace.sessions() as session, session.begin():
        await session.execute(text("UPDATE trainings SET leased_until = clock_timestamp() - interval '1 second'"))


async def test_the_oldest_training_is_taken_first_and_counts_as_an_attempt(workplace: Workplace) -> None:
    first, second = await queue(workplace), await queue(workplace)

    for expected in (first, second):
        taken = await claim(workplace, "a")
        assert taken is not None
        assert (taken.id, taken.status, taken.attempts) == (expected, "running", 1)
        async with workplace.sessions() as session, session.begin():
            await trainings.ask_to_cancel(session, taken.id)
            await session.execute(text("UPDATE trainings SET status = 'cancelled' WHERE id = :id"), {"id": taken.id})
    assert await claim(workplace, "a") is None


async def test_trainers_that_look_at_once_never_get_the_same_training(workplace: Workplace) -> None:
    waiting = {await queue(workplace) for _ in range(3)}

    taken = await asyncio.gather(*(claim(workplace, f"trainer {number}") for number in range(5)))

    assert {training.id for training in taken if training} == waiting
    assert sum(training is None for training in taken) == 2


async def test_a_running_training_is_anothers_only_after_its_lease(workplace: Workplace) -> None:
    training_id = await queue(workplace)
    await claim(workplace, "a")

    assert await claim(workplace, "b") is None
    await let_leases_run_out(workplace)
    taken = await claim(workplace, "b")
    assert taken is not None
    assert (taken.id, taken.attempts, taken.lease_owner) == (training_id, 2, "b")


async def test_a_trainer_that_starts_again_finds_its_own_training_at_once(workplace: Workplace) -> None:
    training_id = await queue(workplace)
    await claim(workplace, "a")

    again = await claim(workplace, "a")
    assert again is not None
    assert (again.id, again.attempts) == (training_id, 2)


async def test_a_holder_that_lost_its_lease_can_no_longer_write(workplace: Workplace) -> None:
    await queue(workplace)
    late = await claim(workplace, "a")
    await let_leases_run_out(workplace)
    taken = await claim(workplace, "b")
    assert late is not None
    assert taken is not None

    async with workplace.sessions() as session, session.begin():
        assert await trainings.renew(session, late, "a") == "lost"
        assert not await trainings.finish(session, late, "a", "succeeded")
        assert await trainings.renew(session, taken, "b") is None
        assert await trainings.finish(session, taken, "b", "failed", error="why")
    ended = await look(workplace, taken.id)
    assert (ended.status, ended.error, ended.lease_owner) == ("failed", "why", None)
    assert ended.finished_at is not None


async def test_an_earlier_attempt_under_the_same_name_can_no_longer_write_either(workplace: Workplace) -> None:
    await queue(workplace)
    earlier, later = await claim(workplace, "a"), await claim(workplace, "a")
    assert earlier is not None
    assert later is not None

    async with workplace.sessions() as session, session.begin():
        assert await trainings.renew(session, earlier, "a") == "lost"
        assert not await trainings.finish(session, earlier, "a", "succeeded")
        assert await trainings.finish(session, later, "a", "succeeded")


async def test_a_renewed_lease_lasts_longer_and_tells_of_a_cancellation(workplace: Workplace) -> None:
    await queue(workplace)
    held = await claim(workplace, "a")
    assert held is not None
    await let_leases_run_out(workplace)

    async with workplace.sessions() as session, session.begin():
        assert await trainings.renew(session, held, "a") is None
        await trainings.ask_to_cancel(session, held.id)
    async with workplace.sessions() as session, session.begin():
        assert await trainings.renew(session, held, "a") == "cancel"
        assert (await session.get_one(Training, held.id)).leased_until > await session.scalar(func.clock_timestamp())
    assert await claim(workplace, "b") is None


async def test_a_queued_training_is_cancelled_at_once_and_never_taken(workplace: Workplace) -> None:
    training_id = await queue(workplace)
    async with workplace.sessions() as session, session.begin():
        await trainings.ask_to_cancel(session, training_id)

    assert (await look(workplace, training_id)).status == "cancelled"
    assert await claim(workplace, "a") is None


async def test_a_new_attempt_forgets_the_epochs_of_the_last_one(workplace: Workplace) -> None:
    await queue(workplace)
    held = await claim(workplace, "a")
    assert held is not None
    async with workplace.sessions() as session, session.begin():
        told = [EpochLosses(1, (1.0,), (2.0,)), EpochLosses(2, (None,), (0.5,))]
        await trainings.note_epochs(session, held.id, told)
        # The answer to the commit was lost and they are written again: each stays once.
        await trainings.note_epochs(session, held.id, told)
    async with workplace.sessions() as session:
        assert (await session.get_one(TrainingEpoch, (held.id, 2))).loss == [None]
        assert await trainings.newest_epochs(session, [held.id]) == {held.id: 2}

    await claim(workplace, "a")
    async with workplace.sessions() as session:
        assert await trainings.newest_epochs(session, [held.id]) == {}
