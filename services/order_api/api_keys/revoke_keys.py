"""Ends the API keys of an account whose password is a new one: who set them up may have been somebody else."""

from datetime import UTC, datetime
from typing import Literal

from sqlalchemy import func, or_, update
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.shared.audit.record import record
from ordercast.services.shared.db.api_keys import ApiKey


async def revoke_keys(
    session: AsyncSession,
    account_id: int,
    *,
    because: Literal["password-changed", "password-reset"],
    by: int | None,
    address: str | None,
) -> None:
    """Part of a transaction that has locked the account's row: no key is made meanwhile. Each has its line in the audit log."""
    revoked = await session.execute(
        update(ApiKey)
        .where(
            ApiKey.account_id == account_id,
            ApiKey.revoked_at.is_(None),
            or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now()),
        )
        .values(revoked_at=datetime.now(UTC))
        .returning(ApiKey.id, ApiKey.scopes)
    )
    for key_id, scopes in revoked:
        record(
            session,
            "api-key-revoked",
            account_id=by,
            subject=f"accounts/{account_id}",
            address=address,
            details={"api_key": key_id, "scopes": scopes, "because": because},
        )
