"""Writes the audit log, as a part of whoever's transaction it tells of: what is not done is not told, and the other way round.

A line holds ids and addresses, and no email, name or password: what somebody typed who could not log in may be any of them.
"""

from collections.abc import Mapping
from typing import Any, Literal

from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.shared.audit.tables import AuditLine
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.telemetry.tracing import current_trace_id

Kind = Literal[
    "log-in",
    "log-in-failed",
    "log-out",
    "refresh-token-reused",
    "password-changed",
    "password-reset-asked",
    "password-reset",
    "admin-made",
    "role-changed",
    "account-blocked",
    "account-unblocked",
    "account-erased",
    "api-key-made",
    "api-key-rotated",
    "api-key-revoked",
    "webhook-made",
    "webhook-changed",
    "webhook-rotated",
    "webhook-replayed",
    "webhook-deleted",
    "product-added",
    "product-changed",
    "product-import-started",
    "order-import-started",
    "order-confirmed",
    "order-cancelled",
    "dead-letter-replayed",
    "dead-letter-discarded",
    "training-asked",
    "training-cancelled",
    "model-pinned",
    "model-unpinned",
]


def record(
    session: AsyncSession,
    kind: Kind,
    *,
    account_id: int | None = None,
    subject: str | None = None,
    address: str | None = None,
    details: Mapping[str, Any] | None = None,
) -> None:
    """Adds a line that is committed with the caller's transaction; it has the request's trace id.

    `account_id`: who did it, `subject`: what it was done to, as a path (`accounts/7`), `address`: from where, `details`: small.
    """
    session.add(
        AuditLine(
            kind=kind,
            account_id=account_id,
            subject=subject,
            address=address,
            trace_id=current_trace_id(),
            details=dict(details or {}),
        )
    )


def record_act(
    session: AsyncSession, kind: Kind, by: Caller | None, subject: str | None = None, **details: Any
) -> None:
    """Adds the line of what a caller does, or nobody who is logged in."""
    account_id, address = (by.account_id, by.address) if by else (None, None)
    record(session, kind, account_id=account_id, subject=subject, address=address, details=details)
