"""The job table: who asked for what, who works on it, and how it ended. Part of the caller's transaction."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, cast
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, delete, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.trainer.jobs.tables import Status, Training, TrainingEpoch
from ordercast.services.trainer.networks.fit import EpochLosses, NetworksLooked

FINISHED: Final = frozenset({"succeeded", "failed", "cancelled"})
# A trainer that has not renewed its lease for this long (s) is gone. It renews several times in that time.
LEASE_S: Final = 20
# A training that took its trainer down this often is not tried again: it would take down the next one.
MAX_ATTEMPTS: Final = 3

# The oldest training that nobody works on; one's own after a restart. Two trainers never get the same one.
_CLAIM: Final = text("""
    UPDATE trainings SET status = 'running', attempts = attempts + 1, lease_owner = :owner,
        leased_until = clock_timestamp() + make_interval(secs => :seconds),
        started_at = coalesce(started_at, clock_timestamp()), events_behind = 0, networks = NULL
    WHERE id = (
        SELECT id FROM trainings
        WHERE status = 'queued'
            OR status = 'running' AND (leased_until < clock_timestamp() OR lease_owner = :owner)
        ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
    )
    RETURNING id
""")

# The number means nothing; nobody else locks it.
_LOCK_QUEUE: Final = text("SELECT pg_advisory_xact_lock(7411)")


async def lock_queue(session: AsyncSession) -> None:
    """Until the end of the transaction nobody else adds a training: what is decided by those that are there stays true."""
    await session.execute(_LOCK_QUEUE)


async def claim(session: AsyncSession, owner: str) -> Training | None:
    """The next training for `owner`, who must not work on another one; what an earlier attempt left is forgotten."""
    training_id = (await session.execute(_CLAIM, {"owner": owner, "seconds": LEASE_S})).scalar_one_or_none()
    if training_id is None:
        return None
    await session.execute(delete(TrainingEpoch).where(TrainingEpoch.training_id == training_id))
    return await session.get_one(Training, training_id)


async def renew(
    session: AsyncSession, training: Training, owner: str, events_behind: int = 0
) -> Literal["cancel", "lost"] | None:
    """Renews the lease; "cancel" if somebody asked for it, "lost" if another trainer has claimed the training."""
    row = (
        await session.execute(
            update(Training)
            .where(*_held(training, owner))
            .values(
                leased_until=func.clock_timestamp() + func.make_interval(0, 0, 0, 0, 0, 0, LEASE_S),
                events_behind=events_behind,
            )
            .returning(Training.cancel_asked_at)
        )
    ).one_or_none()
    if row is None:
        return "lost"
    return "cancel" if row.cancel_asked_at is not None else None


async def note_epochs(session: AsyncSession, training_id: UUID, epochs: Sequence[EpochLosses]) -> None:
    rows = [
        {
            "training_id": training_id,
            "epoch": losses.epoch,
            "loss": list(losses.loss),
            "val_loss": list(losses.val_loss),
        }
        for losses in epochs
    ]
    await session.execute(insert(TrainingEpoch).on_conflict_do_nothing(), rows)


async def note_networks(session: AsyncSession, training_id: UUID, networks: Mapping[str, NetworksLooked]) -> None:
    """Where it differs from what is known: it is told again with each renewal."""
    known = {name: msgspec.structs.asdict(looked) for name, looked in networks.items()}
    await session.execute(
        update(Training)
        .where(Training.id == training_id, Training.networks.is_distinct_from(known))
        .values(networks=known)
    )


async def finish(session: AsyncSession, training: Training, owner: str, status: Status, **values: object) -> bool:
    """Ends a training that `owner` still works on; whether it did."""
    ended = await session.execute(
        update(Training)
        .where(*_held(training, owner))
        .values(
            status=status,
            lease_owner=None,
            leased_until=None,
            events_behind=0,
            finished_at=func.clock_timestamp() if status in FINISHED else None,
            **values,
        )
        .returning(Training.id)
    )
    return ended.first() is not None


def _held(training: Training, owner: str) -> tuple[ColumnElement[bool], ...]:
    """The row is still that of this attempt: a later one, whoever's, has another number."""
    return (
        Training.id == training.id,
        Training.status == "running",
        Training.lease_owner == owner,
        Training.attempts == training.attempts,
    )


async def ask_to_cancel(session: AsyncSession, training_id: UUID) -> tuple[Training | None, bool]:
    """Cancels a queued training at once, and asks the trainer of a running one to; whether that is new. None: there is none."""
    training = await session.get(Training, training_id, with_for_update=True)
    if training is not None and training.status == "queued":
        training.status = "cancelled"
        training.finished_at = cast("Any", func.clock_timestamp())
        return training, True
    if training is not None and training.status == "running" and training.cancel_asked_at is None:
        training.cancel_asked_at = cast("Any", func.clock_timestamp())
        return training, True
    return training, False


async def newest_epochs(session: AsyncSession, trainings: Sequence[UUID]) -> Mapping[UUID, int]:
    """The number of epochs that each of the trainings has behind it; without any it is left out."""
    rows = await session.execute(
        select(TrainingEpoch.training_id, func.max(TrainingEpoch.epoch).label("epoch"))
        .where(TrainingEpoch.training_id.in_(trainings))
        .group_by(TrainingEpoch.training_id)
    )
    return {row.training_id: row.epoch for row in rows}
