"""How a trainer takes a training from the queue, keeps it, and gives its outcome: the only writers of a running one.

Each write names the claim of its attempt. If the row no longer has it, the lease had run out and another trainer took over:
the write changes nothing and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final, Literal
from uuid import UUID, uuid4

import msgspec
from sqlalchemy import func, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.shared.contracts.model_manifest import Recipe
from services.shared.db.engine import Sessions
from services.shared.db.models import ModelVersion
from services.trainer.training_messages import EpochLosses, TrainedModel
from services.trainer.trainings import Training

# A trainer that has not renewed its lease for so long counts as gone. Short, since a killed one's work waits for it; long
# enough for a database that restarts.
LEASE: Final = timedelta(seconds=15)
# Trainings that ended their process this often will do so again: the third time they fail.
MAX_ATTEMPTS: Final = 3

# Abandoned trainings that nobody should take up: called off meanwhile, or tried too often.
_SETTLE_ABANDONED: Final = text("""
    UPDATE trainings SET
        status = CASE WHEN cancel_requested THEN 'cancelled' ELSE 'failed' END,
        error = CASE WHEN cancel_requested THEN NULL ELSE 'the trainer ended ' || attempts || ' times while training' END,
        claim = NULL, lease_until = NULL, ended_at = now()
    WHERE id IN (
        SELECT id FROM trainings
        WHERE status = 'running' AND lease_until < now() AND (cancel_requested OR attempts >= :most)
        FOR UPDATE SKIP LOCKED
    )
""")
_CLAIM: Final = text("""
    UPDATE trainings SET
        status = 'running', claim = :claim, lease_until = now() + :lease, attempts = attempts + 1, progress = NULL,
        started_at = coalesce(started_at, now())
    WHERE id = (
        SELECT id FROM trainings
        WHERE status = 'queued' OR (status = 'running' AND lease_until < now())
        ORDER BY id LIMIT 1
        FOR UPDATE SKIP LOCKED
    )
    RETURNING id, recipe, seed, attempts
""")


class LeaseLost(Exception):
    """The training belongs to somebody else by now: drop it, and write nothing more of it."""


@dataclass(frozen=True, slots=True)
class ClaimedTraining:
    """A training that this process runs."""

    id: UUID
    claim: UUID
    recipe: Recipe
    seed: int
    attempt: int


async def claim_training(sessions: Sessions) -> ClaimedTraining | None:
    """The oldest training that waits or was abandoned, or None. No two trainers ever get the same one."""
    claim = uuid4()
    async with sessions() as session, session.begin():
        await session.execute(_SETTLE_ABANDONED, {"most": MAX_ATTEMPTS})
        row = (await session.execute(_CLAIM, {"claim": claim, "lease": LEASE})).one_or_none()
    if row is None:
        return None
    return ClaimedTraining(row.id, claim, msgspec.convert(row.recipe, Recipe), row.seed, row.attempts)


async def renew_lease(sessions: Sessions, training: ClaimedTraining, newest: EpochLosses | None) -> bool:
    """Stays the holder, and notes the newest epoch. Returns whether the training was called off.

    Raises:
        LeaseLost: another trainer holds it.
    """
    progress = None if newest is None else msgspec.to_builtins(newest)
    async with sessions() as session, session.begin():
        return await _write(session, training, {"lease_until": func.now() + LEASE, "progress": progress})


async def record_success(sessions: Sessions, training: ClaimedTraining, model: TrainedModel) -> None:
    """Publishes the version, which lies whole on disk, and ends the training, both or neither.

    Raises:
        LeaseLost: another trainer holds it; its version counts, not this one.
    """
    ending = {"metrics": msgspec.to_builtins(model.metrics), "model_version": model.version}
    async with sessions() as session, session.begin():
        await _end(session, training, "succeeded", ending)
        session.add(
            ModelVersion(
                version=model.version,
                training_id=training.id,
                recipe=training.recipe.name,
                manifest_sha256=model.manifest_sha256,
            )
        )


async def record_failure(sessions: Sessions, training: ClaimedTraining, reason: str) -> None:
    """Ends the training for good. Raises LeaseLost."""
    async with sessions() as session, session.begin():
        await _end(session, training, "failed", {"error": reason})


async def record_cancellation(sessions: Sessions, training: ClaimedTraining) -> None:
    """Ends the training as it was asked for. Raises LeaseLost."""
    async with sessions() as session, session.begin():
        await _end(session, training, "cancelled", {})


async def give_back(sessions: Sessions, training: ClaimedTraining, *, counts: bool) -> None:
    """Puts the training back into the queue; `counts` tells whether this was one of its attempts. Raises LeaseLost."""
    values = {"status": "queued", "claim": None, "lease_until": None, "progress": None}
    if not counts:
        values["attempts"] = training.attempt - 1
    async with sessions() as session, session.begin():
        await _write(session, training, values)


async def _end(
    session: AsyncSession, training: ClaimedTraining, status: Literal["succeeded", "failed", "cancelled"], values: Mapping[str, Any]
) -> None:
    ending = {"status": status, "claim": None, "lease_until": None, "ended_at": func.now()}
    await _write(session, training, ending | dict(values))


async def _write(session: AsyncSession, training: ClaimedTraining, values: Mapping[str, Any]) -> bool:
    mine = (Training.id == training.id) & (Training.claim == training.claim)
    statement = update(Training).where(mine).values(**values).returning(Training.cancel_requested)
    called_off = (await session.execute(statement)).scalar_one_or_none()
    if called_off is None:
        raise LeaseLost(f"training {training.id} has another holder")
    return called_off
