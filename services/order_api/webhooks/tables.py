"""Subscriptions of accounts to events, how far the topics were read for them, and what was and is to be sent."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, func, text
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA
from sqlalchemy.orm import Mapped, mapped_column
from sqlalchemy.types import Text

from ordercast.services.shared.db.metadata import Base


class Webhook(Base):
    """A subscription: events of these types (short names) that were accepted at `created_at` or later are posted to `url`."""

    __tablename__ = "webhooks"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    url: Mapped[str]
    event_types: Mapped[list[str]] = mapped_column(ARRAY(Text))
    created_at: Mapped[datetime]
    paused_at: Mapped[datetime | None]  # deliveries are still noted, and sent when it goes on
    # ASKED: somebody did so. FAILING: no attempt has passed for a day. MAKER: whose it is may make none any more.
    pause_reason: Mapped[str | None]
    # Since when no attempt has passed; still set where it was paused for that.
    failing_since: Mapped[datetime | None]

    __table_args__ = (
        CheckConstraint("pause_reason IN ('ASKED', 'FAILING', 'MAKER')", name="pause_reason"),
        CheckConstraint("(paused_at IS NULL) = (pause_reason IS NULL)", name="paused"),
    )


class WebhookSecret(Base):
    """What a subscription's deliveries are signed with: the one without an end, and those before it until theirs.

    A signature takes the secret itself, so no hash of it would do. Nobody but order_api and its relay reads this table.
    """

    __tablename__ = "webhook_secrets"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    webhook_id: Mapped[int] = mapped_column(ForeignKey("webhooks.id", ondelete="CASCADE"), index=True)
    secret: Mapped[bytes] = mapped_column(BYTEA)
    good_until: Mapped[datetime | None]


class WebhookPosition(Base):
    """The next offset of a partition to note deliveries of. The transaction that notes them moves it."""

    __tablename__ = "webhook_positions"

    topic: Mapped[str] = mapped_column(primary_key=True)
    partition: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    next_offset: Mapped[int]


class WebhookDelivery(Base):
    """An event for a subscription. `message_id` is the same for each repeat of the event, and so is there once.

    No key ties it to its webhook: with that, millions may be left, which are forgotten a part at a time (`forget_deliveries.py`).
    `next_attempt_at` is when it is due, or due again should whoever is sending it not come back; NULL when nothing is left to do.
    What was answered is that of the last attempt.
    """

    __tablename__ = "webhook_deliveries"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    webhook_id: Mapped[int]
    message_id: Mapped[str]
    event_type: Mapped[str]
    body: Mapped[bytes] = mapped_column(BYTEA)
    created_at: Mapped[datetime] = mapped_column(server_default=func.clock_timestamp())
    state: Mapped[str] = mapped_column(server_default=text("'WAITING'"))
    attempts: Mapped[int] = mapped_column(server_default=text("0"))
    next_attempt_at: Mapped[datetime | None] = mapped_column(server_default=func.clock_timestamp())
    attempted_at: Mapped[datetime | None]
    answer_status: Mapped[int | None]  # NULL where no answer came; `answer` then says why
    answer: Mapped[str | None]
    duration_ms: Mapped[int | None]

    __table_args__ = (
        CheckConstraint("state IN ('WAITING', 'DELIVERED', 'FAILED')", name="state"),
        CheckConstraint("(state = 'WAITING') = (next_attempt_at IS NOT NULL)", name="due"),
        Index(None, "webhook_id", "message_id", unique=True),
        Index("ix_webhook_deliveries_due", "webhook_id", "next_attempt_at", postgresql_where=text("state = 'WAITING'")),
        Index("ix_webhook_deliveries_webhook_id_id", "webhook_id", "id"),
        Index("ix_webhook_deliveries_failed", "webhook_id", "id", postgresql_where=text("state = 'FAILED'")),
        Index("ix_webhook_deliveries_noted", "webhook_id", "created_at", "id"),
        Index(None, "created_at"),
    )
