"""Trainings as jobs, and the losses of their epochs."""

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import CheckConstraint, Double, ForeignKey, Index, Text, func, text
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ordercast.contracts.demand_manifest import DEMAND, Publish, Verdict
from ordercast.services.shared.db.metadata import Base

Status = Literal["queued", "running", "succeeded", "failed", "cancelled"]


class Training(Base):
    """A training that was asked for. Whoever holds the lease works on it; a lease that ran out is up for the next one."""

    __tablename__ = "trainings"

    id: Mapped[UUID] = mapped_column(primary_key=True)  # UUIDv7: in the order of asking
    recipe: Mapped[str]
    members: Mapped[int]
    epochs: Mapped[int]
    batch_size: Mapped[int]
    seed: Mapped[int]
    horizon_days: Mapped[int | None]  # of `demand`; NULL for other recipes
    until: Mapped[date | None]  # of `demand`: what happened on this day or later is not used
    publish: Mapped[Publish | None] = mapped_column(Text)  # NULL: asked for before there was a choice
    asked_by: Mapped[int | None]  # the account that asked
    asked_by_rule: Mapped[str | None]  # or the rules that did, in words
    rules: Mapped[list[dict[str, Any]] | None] = mapped_column(
        JSONB(none_as_null=True)
    )  # and as data: see contracts.because
    # A written recipe, named `recipe`.
    settings: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    status: Mapped[Status] = mapped_column(Text)
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    lease_owner: Mapped[str | None]
    leased_until: Mapped[datetime | None]
    cancel_asked_at: Mapped[datetime | None]
    events_behind: Mapped[int] = mapped_column(server_default=text("0"))  # for so many the feature worker is waited for
    error: Mapped[str | None]
    traceparent: Mapped[str | None]  # of the request that asked for it
    metrics: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    judgement: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # as in the manifest
    verdict: Mapped[Verdict | None] = mapped_column(Text)
    verdict_reason: Mapped[str | None]
    questions: Mapped[dict[str, Any] | None] = mapped_column(JSONB)  # of `demand`, as in the manifest
    # By question, of the newest attempt: which networks answer one constant, also while it runs and where nothing is published.
    networks: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    # Why it was decided so or failed, as data: see contracts.because.
    because: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
    # Digests of the data and of what was learned, also if it was not published.
    made: Mapped[dict[str, Any] | None] = mapped_column(JSONB)
    model_version: Mapped[str | None]
    announced_at: Mapped[datetime | None]  # when the event on `models` was acknowledged
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]

    @property
    def serves(self) -> str:
        """Whose slot its version competes for: a written recipe is `demand` with other values."""
        return self.recipe if self.settings is None else DEMAND

    __table_args__ = (
        CheckConstraint("status IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')", name="status"),
        Index("ix_trainings_open", "id", postgresql_where=text("status IN ('queued', 'running')")),
        Index(
            "ix_trainings_to_announce",
            "id",
            postgresql_where=text("model_version IS NOT NULL AND announced_at IS NULL"),
        ),
    )


class TrainingEpoch(Base):
    """The losses of each member after an epoch (from 1) of the newest attempt; NULL: not a finite number."""

    __tablename__ = "training_epochs"

    training_id: Mapped[UUID] = mapped_column(ForeignKey("trainings.id", ondelete="CASCADE"), primary_key=True)
    epoch: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    loss: Mapped[list[float | None]] = mapped_column(ARRAY(Double))
    val_loss: Mapped[list[float | None]] = mapped_column(ARRAY(Double))
