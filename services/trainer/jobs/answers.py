"""What is told of a training: plain data, from which the HTTP side derives both its answers and their description."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from ordercast.contracts.model_manifest import Quality
from ordercast.services.trainer.jobs.tables import Status, Training, TrainingEpoch


@dataclass(frozen=True, slots=True)
class Progress:
    epoch: int
    epochs: int


@dataclass(frozen=True, slots=True)
class TrainingAnswer:
    """A training. `metrics` compares the ensemble on held-out rows with the mean and with a straight line.

    `quality` says what that comes to where no single row decides, and `judgement` why; `collapsed_members` are the networks
    that answer one constant.
    """

    id: UUID
    recipe: str
    members: int
    epochs: int
    batch_size: int
    seed: int
    status: Status
    progress: Progress
    metrics: dict[str, Any] | None
    quality: Quality | None
    collapsed_members: int | None
    judgement: dict[str, Any] | None
    model_version: str | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class EpochEvent:
    """Mean squared error of each member after an epoch; null: not a finite number."""

    epoch: int
    epochs: int
    loss: Sequence[float | None]
    val_loss: Sequence[float | None]


def answer_of(training: Training, epoch: int | None) -> TrainingAnswer:
    judgement = training.judgement or {}
    return TrainingAnswer(
        id=training.id,
        recipe=training.recipe,
        members=training.members,
        epochs=training.epochs,
        batch_size=training.batch_size,
        seed=training.seed,
        status=training.status,
        progress=Progress(epoch=epoch or 0, epochs=training.epochs),
        metrics=training.metrics,
        quality=judgement.get("quality"),
        collapsed_members=judgement.get("collapsed_members"),
        judgement=training.judgement,
        model_version=training.model_version,
        error=training.error,
        created_at=training.created_at,
        started_at=training.started_at,
        finished_at=training.finished_at,
    )


def event_of(training: Training, row: TrainingEpoch) -> EpochEvent:
    return EpochEvent(epoch=row.epoch, epochs=training.epochs, loss=row.loss, val_loss=row.val_loss)
