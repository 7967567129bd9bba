"""Puts a training into the queue, shows trainings, and asks for their cancellation."""

import secrets
from collections.abc import Sequence
from uuid import UUID

import msgspec
from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from ordercast.contracts.because import sentence
from ordercast.services.shared.audit.record import record_act
from ordercast.services.shared.db.cut_page import cut_page
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.telemetry.tracing import current_traceparent
from ordercast.services.trainer.errors import TrainingFinished, UnknownTraining
from ordercast.services.trainer.jobs import trainings
from ordercast.services.trainer.jobs.answers import TrainingAnswer, answer_of
from ordercast.services.trainer.jobs.bound_trainings import TrainingBounds
from ordercast.services.trainer.jobs.retrain_rules import Decision
from ordercast.services.trainer.jobs.tables import Training
from ordercast.services.trainer.jobs.used_recipes import refuse_taken_name
from ordercast.services.trainer.recipes import MAX_SEED, AskedTraining


async def ask_for_training(
    sessions: Sessions,
    asked: AskedTraining,
    seed: int | None,
    *,
    asked_by: Caller | None = None,
    bounds: TrainingBounds = TrainingBounds(),  # noqa: B008 - it is frozen
) -> TrainingAnswer:
    """Queues a training; without a seed it gets a random one, which stands in its answer.

    Raises:
        BadRecipe: a written recipe has the name of another one that was trained.
        QueueFull, TrainingTooLarge: it is beyond the bounds.
    """
    async with sessions() as session, session.begin():
        await trainings.lock_queue(session)
        account = asked_by.account_id if asked_by else None
        training = await queue_training(session, asked, seed, asked_by=account, bounds=bounds)
        record_act(session, "training-asked", asked_by, f"trainings/{training.id}", recipe=training.recipe)
    return answer_of(training, epoch=None)


async def queue_training(
    session: AsyncSession,
    asked: AskedTraining,
    seed: int | None,
    *,
    asked_by: int | None = None,
    rule: Decision | None = None,
    bounds: TrainingBounds,
) -> Training:
    """Part of a transaction that has locked the queue. An account asks, or what was decided by `rule`. Raises as
    `ask_for_training`."""
    settings = None if asked.settings is None else msgspec.json.decode(msgspec.json.encode(asked.settings))
    await bounds.check(session, asked)
    if settings is not None:
        await refuse_taken_name(session, settings)
    training = Training(
        id=uuid7(),
        recipe=asked.recipe,
        members=asked.members,
        epochs=asked.epochs,
        batch_size=asked.batch_size,
        publish=asked.publish,
        horizon_days=asked.horizon_days,
        until=asked.until,
        asked_by=asked_by,
        asked_by_rule=rule.reason if rule else None,
        rules=msgspec.to_builtins(rule.rules) if rule else None,
        settings=settings,
        seed=secrets.randbelow(MAX_SEED) if seed is None else seed,
        status="queued",
        traceparent=current_traceparent(),
    )
    session.add(training)
    await session.flush()
    await session.refresh(training)
    return training


async def read_training(sessions: Sessions, training_id: UUID) -> TrainingAnswer:
    """One training. Raises UnknownTraining."""
    async with sessions() as session:
        training = await session.get(Training, training_id)
        if training is None:
            raise UnknownTraining(sentence("no-training", training=str(training_id)))
        epochs = await trainings.newest_epochs(session, [training_id])
    return answer_of(training, epochs.get(training_id))


async def read_trainings(
    sessions: Sessions, *, limit: int, starting_after: UUID | None
) -> tuple[Sequence[TrainingAnswer], bool]:
    """A page of trainings, the newest first, and whether more come after it."""
    query = select(Training).order_by(Training.id.desc()).limit(limit + 1)
    if starting_after is not None:
        query = query.where(Training.id < starting_after)
    async with sessions() as session:
        rows, has_more = cut_page(list(await session.scalars(query)), limit)
        epochs = await trainings.newest_epochs(session, [row.id for row in rows])
    return [answer_of(row, epochs.get(row.id)) for row in rows], has_more


async def cancel_training(sessions: Sessions, training_id: UUID, by: Caller | None = None) -> TrainingAnswer:
    """Cancels a training: a queued one at once, a running one within about a second.

    Raises:
        UnknownTraining: there is none.
        TrainingFinished: it succeeded or failed before.
    """
    async with sessions() as session, session.begin():
        training, is_new = await trainings.ask_to_cancel(session, training_id)
        if training is None:
            raise UnknownTraining(sentence("no-training", training=str(training_id)))
        if training.status in ("succeeded", "failed"):
            raise TrainingFinished(sentence("training-ended", training=str(training_id), status=training.status))
        if is_new:
            record_act(session, "training-cancelled", by, f"trainings/{training_id}")
        await session.flush()
        await session.refresh(training)
    return answer_of(training, epoch=None)
