"""Reads the audit log."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from ordercast.services.shared.audit.record import Kind
from ordercast.services.shared.audit.tables import AuditLine
from ordercast.services.shared.db.cut_page import cut_page
from ordercast.services.shared.db.engine import Sessions


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which lines a list has; None leaves none out. `account_id` did it, or had it done to it; `subject` is what it
    was done to, to the letter."""

    kind: Kind | None = None
    account_id: int | None = None
    subject: str | None = None
    since: datetime | None = None


async def read_lines(
    sessions: Sessions, wanted: AuditFilter, *, limit: int, starting_after: int | None
) -> tuple[Sequence[AuditLine], bool]:
    """A page of the lines, the newest first, and whether more follow."""
    query = select(AuditLine).order_by(AuditLine.id.desc()).limit(limit + 1)
    if starting_after is not None:
        query = query.where(AuditLine.id < starting_after)
    if wanted.kind is not None:
        query = query.where(AuditLine.kind == wanted.kind)
    if (account := wanted.account_id) is not None:
        query = query.where(or_(AuditLine.account_id == account, AuditLine.subject == f"accounts/{account}"))
    if wanted.subject is not None:
        query = query.where(AuditLine.subject == wanted.subject)
    if wanted.since is not None:
        query = query.where(AuditLine.recorded_at >= wanted.since)
    async with sessions() as session:
        return cut_page((await session.scalars(query)).all(), limit)
