"""The audit log: who logged in, who failed to, and what admins and operators did."""

from datetime import datetime
from typing import Any

from sqlalchemy import Identity, Index, func
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from ordercast.services.shared.db.metadata import Base


class AuditLine(Base):
    """Never changed: rights and triggers refuse it (migration 0029). No reference to `accounts`, so that lines outlive them."""

    __tablename__ = "audit_log"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    kind: Mapped[str]
    account_id: Mapped[int | None]  # who did it; NULL: nobody who is logged in
    subject: Mapped[str | None]  # what it was done to, as a path: accounts/7
    address: Mapped[str | None]  # from where; NULL: from a terminal beside the database
    trace_id: Mapped[str | None]  # as log lines of the request have it
    details: Mapped[dict[str, Any]] = mapped_column(JSONB)
    recorded_at: Mapped[datetime] = mapped_column(server_default=func.now(), index=True)

    __table_args__ = (Index(None, "account_id", "id"), Index(None, "subject", "id"))
