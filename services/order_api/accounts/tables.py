"""Accounts, their refresh tokens, and codes to reset their passwords."""

from datetime import UTC, datetime, timedelta
from typing import Any, Final, cast
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Uuid, func, text
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Mapped, mapped_column

from ordercast.services.shared.db.metadata import Base

# Longer than an access token lives: a log-in that ended before has none left.
_ENDED_LATELY: Final = timedelta(minutes=20)
# By the database's clock, as services ask for what is new: that of this machine may be another.
_NOW: Final = cast("Any", func.clock_timestamp())
# Log-ins of an account that are named as ended: every service keeps them in mind.
MAX_ENDED_LOG_INS: Final = 20


class Account(Base):
    """Whoever may ask for something (`role`: services/shared/http/access.py).

    `login_type` EXTERNAL marks an account made by an import: it cannot log in.
    """

    __tablename__ = "accounts"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    email: Mapped[str | None]
    nickname: Mapped[str] = mapped_column(unique=True)
    # By it two nicknames are the same (`nicknames.py`); NULL in accounts from before it that share theirs with another one.
    nickname_key: Mapped[str | None] = mapped_column(unique=True)
    password_hash: Mapped[str | None]
    role: Mapped[str]
    login_type: Mapped[str]
    account_ref: Mapped[str | None] = mapped_column(unique=True)  # the shop's own name for the account
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    erased_at: Mapped[datetime | None]  # since when nothing says who it was; it is blocked, too
    blocked_at: Mapped[datetime | None]  # since when it can neither log in nor refresh its tokens
    token_version: Mapped[int] = mapped_column(
        server_default="0"
    )  # of access tokens: those with a smaller one have ended
    # Log-ins whose access tokens have ended, too: those that ended lately, each less than 20 minutes after the one before.
    ended_log_ins: Mapped[list[UUID]] = mapped_column(ARRAY(Uuid), server_default=text("'{}'"))
    tokens_ended_at: Mapped[datetime | None]  # when either changed

    __table_args__ = (
        CheckConstraint("role IN ('CUSTOMER', 'SERVICE', 'OPERATOR', 'ADMIN')", name="role"),
        CheckConstraint("login_type IN ('PASSWORD', 'EXTERNAL')", name="login_type"),
        CheckConstraint(
            "(login_type = 'PASSWORD') = (email IS NOT NULL AND password_hash IS NOT NULL)", name="login_has_password"
        ),
        # One mailbox is one account, however its letters are cased.
        Index("uq_accounts_email", text("lower(email)"), unique=True),
        Index(None, "tokens_ended_at", postgresql_where=text("tokens_ended_at IS NOT NULL")),
        Index(None, "erased_at", postgresql_where=text("erased_at IS NOT NULL")),
    )

    def end_access_tokens(self) -> None:
        """Those that were given until now; all services learn it within seconds."""
        self.token_version += 1
        self.ended_log_ins = []
        self.tokens_ended_at = _NOW

    def end_log_in(self, log_in: UUID) -> None:
        """The access tokens that were given for it. Where many ended lately, those of all log-ins: others refresh theirs."""
        is_late = self.tokens_ended_at is not None and self.tokens_ended_at > datetime.now(UTC) - _ENDED_LATELY
        ended = [*(self.ended_log_ins if is_late else ()), log_in]
        if len(ended) > MAX_ENDED_LOG_INS:
            self.end_access_tokens()
        else:
            self.ended_log_ins, self.tokens_ended_at = ended, _NOW


class PasswordReset(Base):
    """The one-time code of an account whose password is to be reset; only its SHA-256 is kept."""

    __tablename__ = "password_resets"

    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), primary_key=True)
    code_hash: Mapped[bytes]
    expires_at: Mapped[datetime] = mapped_column(index=True)


class RefreshToken(Base):
    """One refresh token of a family; only its SHA-256 is kept. A used one that comes again ends the family."""

    __tablename__ = "refresh_tokens"

    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    family_id: Mapped[UUID] = mapped_column(index=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("accounts.id"), index=True)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    used_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
