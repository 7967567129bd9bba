"""The lease of a claimed training: what it writes, and what it refuses to write once another trainer has the training."""

import asyncio

import msgspec
import pytest
from sqlalchemy import func, select, text
from uuid_utils.compat import uuid7

from ordercast.infra.local.ports import free_port
from ordercast.services.shared.db.engine import open_database
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.trainer.jobs.lease import Interrupted, Lease, claim_next
from ordercast.services.trainer.jobs.tables import Training, TrainingEpoch
from ordercast.services.trainer.jobs.trainings import ask_to_cancel
from ordercast.services.trainer.networks.fit import EpochLosses, NetworksLooked
from tests.integration.trainer.conftest import Workplace

VERSION = "v20260102T030405-0a1b2c3d"


async def claimed(workplace: Workplace, owner: str = "a") -> Lease:
    """A new training, claimed by `owner`."""
    row = Training(id=uuid7(), recipe="baseline", members=1, epochs=9, batch_size=1, seed=1, status="queued")
    async with workplace.sessions() as session, session.begin():
        session.add(row)
    return await claimed_again(workplace, owner)


async def claimed_again(workplace: Workplace, owner: str) -> Lease:
    lease = await claim_next(workplace.sessions, owner)
    assert lease is not None
    return lease


async def let_leases_run_out(workplace: Workplace) -> None:
    async with workplace.sessions() as session, session.begin():
        await session.execute(text("UPDATE trainings SET leased_until = clock_timestamp() - interval '1 second'"))


async def look(workplace: Workplace, lease: Lease) -> Training:
    async with workplace.sessions() as session:
        return await session.get_one(Training, lease.training.id)


def model_of(lease: Lease) -> ModelVersion:
    return ModelVersion(version=VERSION, training_id=lease.training.id, recipe="baseline", manifest_sha256="0" * 64)


async def models(workplace: Workplace) -> int:
    async with workplace.sessions() as session:
        return (await session.scalars(select(func.count()).select_from(ModelVersion))).one()


async def test_there_is_no_lease_without_a_training(workplace: Workplace) -> None:
    assert await claim_next(workplace.sessions, "a") is None


async def test_renewing_moves_the_epochs_into_the_table_and_the_lease_on(workplace: Workplace) -> None:
    lease = await claimed(workplace)
    await let_leases_run_out(workplace)
    epochs = [EpochLosses(1, (0.5,), (None,)), EpochLosses(2, (0.4,), (0.6,))]

    await lease.renew(epochs)

    assert epochs == []
    assert await claim_next(workplace.sessions, "b") is None
    async with workplace.sessions() as session:
        rows = await session.scalars(select(TrainingEpoch).order_by(TrainingEpoch.epoch))
        assert [(row.epoch, row.loss, row.val_loss) for row in rows] == [(1, [0.5], [None]), (2, [0.4], [0.6])]


async def test_what_is_known_of_the_networks_is_kept_until_the_training_starts_anew(workplace: Workplace) -> None:
    lease = await claimed(workplace)
    again = NetworksLooked("line", 8, (2,), (2,), 1, 3)
    for looked in (again, again, msgspec.structs.replace(again, collapsed=(), attempt=0)):
        await lease.renew([], networks={"line": looked})
    known = (await look(workplace, lease)).networks
    assert known == {"line": {**msgspec.structs.asdict(again), "collapsed": [], "trained_again": [2], "attempt": 0}}
    await let_leases_run_out(workplace)
    await claimed_again(workplace, "b")
    assert (await look(workplace, lease)).networks is None


async def test_a_cancelled_training_interrupts_its_work(workplace: Workplace) -> None:
    lease = await claimed(workplace)
    async with workplace.sessions() as session, session.begin():
        await ask_to_cancel(session, lease.training.id)

    with pytest.raises(Interrupted) as interrupted:
        await lease.renew([])
    assert interrupted.value.why == "cancel"


async def test_a_training_that_another_trainer_has_is_lost_and_stays_the_others(workplace: Workplace) -> None:
    lease = await claimed(workplace, "a")
    await let_leases_run_out(workplace)
    await claimed_again(workplace, "b")

    with pytest.raises(Interrupted) as interrupted:
        await lease.renew([EpochLosses(1, (0.5,), (0.5,))])
    outcome = await lease.finish("succeeded", asyncio.Event(), model=model_of(lease), model_version=VERSION)

    assert (interrupted.value.why, outcome) == ("lost", "lost")
    now = await look(workplace, lease)
    assert (now.status, now.lease_owner, now.model_version) == ("running", "b", None)
    assert await models(workplace) == 0


async def test_an_end_whose_commit_was_not_answered_counts_once(workplace: Workplace) -> None:
    lease = await claimed(workplace)
    stopping = asyncio.Event()

    for _ in range(2):  # the second time is the repeat of whoever saw no answer
        outcome = await lease.finish("succeeded", stopping, model=model_of(lease), model_version=VERSION)
        assert outcome == "succeeded"

    assert (await look(workplace, lease)).status == "succeeded"
    assert await models(workplace) == 1


async def test_a_database_that_is_away_costs_neither_the_epochs_nor_a_stop_its_time(workplace: Workplace) -> None:
    lease = await claimed(workplace)
    stopping = asyncio.Event()
    nowhere = f"postgresql+asyncpg://nobody@127.0.0.1:{free_port()}/nothing"
    async with open_database(nowhere, application="test") as away:
        cut_off = Lease(away, lease.training, "a")
        epochs = [EpochLosses(1, (0.5,), (0.5,))]

        await cut_off.renew(epochs)
        stopping.set()
        outcome = await cut_off.finish("succeeded", stopping)

    assert (len(epochs), outcome) == (1, "lost")
    assert (await look(workplace, lease)).status == "running"
