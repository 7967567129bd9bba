"""What goes in and out at /trainings."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import BaseModel, Field

from ordercast.services.shared.http.requests import RequestModel
from ordercast.services.trainer.jobs.tables import Training, TrainingEpoch
from ordercast.services.trainer.recipes import MAX_BATCH_SIZE, MAX_EPOCHS, MAX_MEMBERS, MAX_SEED


class TrainingRequest(RequestModel):
    """A recipe, and what is to stand in place of its own values."""

    recipe: Annotated[str, Field(max_length=100, examples=["baseline"])] = "baseline"
    members: Annotated[int | None, Field(ge=1, le=MAX_MEMBERS)] = None
    epochs: Annotated[int | None, Field(ge=1, le=MAX_EPOCHS)] = None
    batch_size: Annotated[int | None, Field(ge=1, le=MAX_BATCH_SIZE)] = None
    seed: Annotated[int | None, Field(ge=0, le=MAX_SEED, description="the same seed and rows give the same model")] = (
        None
    )


class Progress(BaseModel):
    epoch: int
    epochs: int


class TrainingAnswer(BaseModel):
    """A training. `metrics` compares the ensemble on held-out rows with the mean and with a straight line."""

    id: UUID
    recipe: str
    members: int
    epochs: int
    batch_size: int
    seed: int
    status: Annotated[str, Field(examples=["running"], description="queued, running, succeeded, failed or cancelled")]
    progress: Progress
    metrics: dict[str, Any] | None
    model_version: str | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None


class TrainingPage(BaseModel):
    data: Sequence[TrainingAnswer]
    has_more: bool


class EpochEvent(BaseModel):
    """Mean squared error of each member after an epoch; null: not a finite number."""

    epoch: int
    epochs: int
    loss: list[float | None]
    val_loss: list[float | None]


def answer_of(training: Training, epoch: int | None) -> TrainingAnswer:
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
        model_version=training.model_version,
        error=training.error,
        created_at=training.created_at,
        started_at=training.started_at,
        finished_at=training.finished_at,
    )


def event_of(training: Training, row: TrainingEpoch) -> EpochEvent:
    return EpochEvent(epoch=row.epoch, epochs=training.epochs, loss=row.loss, val_loss=row.val_loss)
