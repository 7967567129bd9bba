"""Asking for trainings, looking at them, and calling them off."""

import secrets
from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import func, select
from uuid_utils.compat import uuid7

from services.shared.contracts.model_manifest import Recipe
from services.shared.db.engine import Sessions
from services.trainer.errors import TrainingEnded, UnknownTraining
from services.trainer.recipes import MAX_SEED
from services.trainer.trainings import ENDED, Training


async def request_training(sessions: Sessions, recipe: Recipe, seed: int | None) -> Training:
    """Puts a training into the queue. Without a seed it gets a random one, which its manifest names."""
    training = Training(
        id=uuid7(),
        recipe=msgspec.to_builtins(recipe),
        seed=secrets.randbelow(MAX_SEED + 1) if seed is None else seed,
    )
    async with sessions() as session, session.begin():
        session.add(training)
        await session.flush()
        await session.refresh(training)
    return training


async def find_training(sessions: Sessions, training_id: UUID) -> Training:
    """One training as it stands.

    Raises:
        UnknownTraining: there is none of this id.
    """
    async with sessions() as session:
        training = await session.get(Training, training_id)
    if training is None:
        raise UnknownTraining(f"there is no training {training_id}")
    return training


async def list_trainings(sessions: Sessions, limit: int, after: UUID | None) -> Sequence[Training]:
    """The newest first; `after` is the last one of the page before."""
    query = select(Training).order_by(Training.id.desc()).limit(limit)
    if after is not None:
        query = query.where(Training.id < after)
    async with sessions() as session:
        return (await session.scalars(query)).all()


async def cancel_training(sessions: Sessions, training_id: UUID) -> Training:
    """Calls a training off: a queued one at once, a running one as soon as its holder sees it. Twice is as good as once.

    Raises:
        UnknownTraining: there is none of this id.
        TrainingEnded: it has succeeded or failed.
    """
    async with sessions() as session, session.begin():
        training = await session.get(Training, training_id, with_for_update=True)
        if training is None:
            raise UnknownTraining(f"there is no training {training_id}")
        if training.status in ENDED - {"cancelled"}:
            raise TrainingEnded(f"the training has {training.status} already")
        training.cancel_requested = True
        if training.status == "queued":
            training.status = "cancelled"
            training.ended_at = await session.scalar(select(func.now()))
    return training
