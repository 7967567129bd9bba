"""Refresh tokens in the database; only their SHA-256 is stored. Each function is a part of the caller's transaction."""

import hashlib
import secrets
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.order_api.accounts.tables import RefreshToken

# Random bytes in a refresh token: 256 bits cannot be guessed.
_REFRESH_BYTES: Final = 32


def add_token(session: AsyncSession, account_id: int, family_id: UUID, expires_at: datetime) -> str:
    """A new token of the family. All of a family expire at the same time: then the log-in ends."""
    refresh_token = secrets.token_urlsafe(_REFRESH_BYTES)
    session.add(
        RefreshToken(
            token_hash=hash_of(refresh_token),
            family_id=family_id,
            account_id=account_id,
            expires_at=expires_at,
        )
    )
    return refresh_token


def hash_of(refresh_token: str) -> bytes:
    return hashlib.sha256(refresh_token.encode()).digest()


async def lock_family(session: AsyncSession, token_hash: bytes) -> UUID | None:
    """The token's family, if it has one. One exchange of it at a time: ending it must not miss the token that another one adds."""
    family_id: UUID | None = await session.scalar(
        select(RefreshToken.family_id).where(RefreshToken.token_hash == token_hash)
    )
    if family_id is not None:
        await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(family_id), 0))))
    return family_id


async def account_of(session: AsyncSession, token_hash: bytes) -> int | None:
    account_id: int | None = await session.scalar(
        select(RefreshToken.account_id).where(RefreshToken.token_hash == token_hash)
    )
    return account_id


async def use(session: AsyncSession, token_hash: bytes) -> datetime | None:
    """Notes that the token is used; when its family ends, or None where it is no longer good."""
    expires_at: datetime | None = await session.scalar(
        update(RefreshToken)
        .where(
            RefreshToken.token_hash == token_hash,
            RefreshToken.used_at.is_(None),
            RefreshToken.revoked_at.is_(None),
            RefreshToken.expires_at > func.now(),
        )
        .values(used_at=func.now())
        .returning(RefreshToken.expires_at)
    )
    return expires_at


async def was_used(session: AsyncSession, token_hash: bytes) -> bool:
    return bool(
        await session.scalar(select(RefreshToken.used_at.is_not(None)).where(RefreshToken.token_hash == token_hash))
    )


async def end_family(session: AsyncSession, family_id: UUID) -> bool:
    """Whether something was left of the family to end. It has to be locked."""
    ended = await session.scalars(
        update(RefreshToken)
        .where(
            RefreshToken.family_id == family_id, RefreshToken.revoked_at.is_(None), RefreshToken.expires_at > func.now()
        )
        .values(revoked_at=func.now())
        .returning(RefreshToken.family_id)
    )
    return ended.first() is not None


async def end_all(session: AsyncSession, account_id: int) -> None:
    """Every log-in of the account ends. The account's row has to be locked: no token must be added meanwhile."""
    await session.execute(
        update(RefreshToken)
        .where(RefreshToken.account_id == account_id, RefreshToken.revoked_at.is_(None))
        .values(revoked_at=func.now())
    )


async def forget_expired(session: AsyncSession, account_id: int) -> None:
    """At each log-in, so that the table needs no other cleaning."""
    await session.execute(
        delete(RefreshToken).where(RefreshToken.account_id == account_id, RefreshToken.expires_at <= func.now())
    )
