"""What requests and answers about trainings look like."""

from datetime import datetime
from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import BaseModel, Field

from services.shared.http.requests import OneLine, RequestModel
from services.trainer.recipes import MAX_BATCH_SIZE, MAX_EPOCHS, MAX_MEMBERS, MAX_SEED
from services.trainer.trainings import Training


class TrainingBody(RequestModel):
    """A recipe by its name; the other fields stand in place of the recipe's own. Without a seed it gets a random one."""

    recipe: Annotated[str, OneLine(64)] = Field(examples=["baseline"])
    members: int | None = Field(None, ge=1, le=MAX_MEMBERS)
    epochs: int | None = Field(None, ge=1, le=MAX_EPOCHS)
    batch_size: int | None = Field(None, ge=1, le=MAX_BATCH_SIZE)
    seed: int | None = Field(None, ge=0, le=MAX_SEED)


class Progress(BaseModel):
    """The newest epoch (from 1) of `epochs`, with the losses of each member; null is a loss that is not finite."""

    epoch: int
    epochs: int
    loss: list[float | None]
    val_loss: list[float | None]


class TrainingAnswer(BaseModel):
    """A training as it stands. `metrics` are those of its model's manifest."""

    id: UUID
    status: str
    recipe: str
    members: int
    epochs: int
    batch_size: int
    seed: int
    attempts: int
    progress: Progress | None
    metrics: dict[str, Any] | None
    model_version: str | None
    error: str | None
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None

    @classmethod
    def of(cls, training: Training) -> Self:
        recipe = training.recipe
        return cls(
            id=training.id,
            status=training.status,
            recipe=recipe["name"],
            members=recipe["members"],
            epochs=recipe["epochs"],
            batch_size=recipe["batch_size"],
            seed=training.seed,
            attempts=training.attempts,
            progress=Progress(epochs=recipe["epochs"], **training.progress) if training.progress else None,
            metrics=training.metrics,
            model_version=training.model_version,
            error=training.error,
            created_at=training.created_at,
            started_at=training.started_at,
            ended_at=training.ended_at,
        )
