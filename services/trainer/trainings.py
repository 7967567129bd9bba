"""The job table: one row for each training that was asked for, whatever became of it."""

from datetime import datetime
from typing import Any, Final, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, Index, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from services.shared.db.metadata import Base

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]
ENDED: Final = frozenset({"succeeded", "failed", "cancelled"})


class Training(Base):
    """A training; its id is a UUIDv7, so that ids sort by age.

    Who runs it holds a lease, renewed by heartbeats. A lease that has run out means that its holder is gone, and the training
    is anybody's again. `claim` is new for each attempt: a holder that was thought dead can no longer write.
    """

    __tablename__ = "trainings"
    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="status"),
        # What a trainer looks for: a handful of rows, however long the history grows.
        Index("ix_trainings_open", "id", postgresql_where=text("status IN ('queued', 'running')")),
        Index(
            "ix_trainings_unannounced",
            "id",
            postgresql_where=text("status = 'succeeded' AND announced_at IS NULL"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    status: Mapped[str] = mapped_column(server_default="queued")
    recipe: Mapped[dict[str, Any]] = mapped_column(JSONB)  # all its values, so that a later release changes no job
    seed: Mapped[int]
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    claim: Mapped[UUID | None]
    lease_until: Mapped[datetime | None]
    cancel_requested: Mapped[bool] = mapped_column(server_default=text("false"))
    progress: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # the newest EpochLosses
    metrics: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    model_version: Mapped[str | None]
    error: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    started_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    announced_at: Mapped[datetime | None]  # when the broker had acknowledged the event of its model
