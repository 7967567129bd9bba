"""Exchanges a password, or a refresh token, for a pair of tokens."""

import hashlib
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, cast
from uuid import UUID, uuid4

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.order_api.accounts.passwords import Passwords
from ordercast.services.order_api.accounts.tables import Account, RefreshToken
from ordercast.services.order_api.errors import InvalidCredentials, InvalidRefreshToken
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller, Role
from ordercast.services.shared.http.tokens import LIFETIME_S, TokenSigner

# How long a client that does nothing stays logged in.
REFRESH_LIFETIME: Final = timedelta(days=30)
# Random bytes in a refresh token: 256 bits cannot be guessed.
_REFRESH_BYTES: Final = 32


class TokenPair(NamedTuple):
    """`expires_in`: seconds until the access token ends."""

    access_token: str
    refresh_token: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class LogIn:
    """The token grants. Refresh tokens rotate: each is good for one exchange, and one that comes twice was stolen, so its
    whole family ends. Only their SHA-256 is stored."""

    sessions: Sessions
    passwords: Passwords
    signer: TokenSigner

    async def with_password(self, email: str, password: str) -> TokenPair:
        """A pair that begins a new family.

        Raises:
            InvalidCredentials: the same, and in the same time, for an unknown email and for a wrong password.
            Overloaded: too many passwords wait to be checked.
        """
        async with self.sessions() as session:
            account = await session.scalar(select(Account).where(func.lower(Account.email) == func.lower(email)))
        # Between two transactions: a connection must not wait for argon2.
        if not await self.passwords.matches(account.password_hash if account else None, password) or account is None:
            raise InvalidCredentials("email or password are wrong")
        async with self.sessions() as session, session.begin():
            await _forget_expired(session, account.id)
            return self._pair(session, account, family_id=uuid4())

    async def with_refresh_token(self, refresh_token: str) -> TokenPair:
        """The next pair of the token's family, with the account's current role.

        Raises:
            InvalidRefreshToken: unknown, expired, ended, or used before; in the last case the family has ended now.
        """
        token_hash = _hash(refresh_token)
        async with self.sessions() as session, session.begin():
            family_id = await session.scalar(
                select(RefreshToken.family_id).where(RefreshToken.token_hash == token_hash)
            )
            if family_id is None:
                raise _refused()
            await _lock_family(session, family_id)
            account_id = await _use(session, token_hash)
            if account_id is not None:
                account = await session.get_one(Account, account_id)
                return self._pair(session, account, family_id)
            await _end_family_if_used(session, token_hash, family_id)
        raise _refused()

    def _pair(self, session: AsyncSession, account: Account, family_id: UUID) -> TokenPair:
        refresh_token = secrets.token_urlsafe(_REFRESH_BYTES)
        session.add(
            RefreshToken(
                token_hash=_hash(refresh_token),
                family_id=family_id,
                account_id=account.id,
                expires_at=datetime.now(UTC) + REFRESH_LIFETIME,
            )
        )
        access_token = self.signer.sign(Caller(account.id, cast("Role", account.role)))
        return TokenPair(access_token, refresh_token, LIFETIME_S)


def _refused() -> InvalidRefreshToken:
    return InvalidRefreshToken("the refresh token is not valid (any more); log in again")


def _hash(refresh_token: str) -> bytes:
    return hashlib.sha256(refresh_token.encode()).digest()


async def _lock_family(session: AsyncSession, family_id: UUID) -> None:
    """One exchange of a family at a time: ending it must not miss the token that another exchange is just adding."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(str(family_id), 0))))


async def _use(session: AsyncSession, token_hash: bytes) -> int | None:
    """Marks the token as used; its account, or None where it is no longer good."""
    account_id: int | None = await session.scalar(
        update(RefreshToken)
        .where(
            RefreshToken.token_hash == token_hash,
            RefreshToken.used_at.is_(None),
            RefreshToken.revoked_at.is_(None),
            RefreshToken.expires_at > func.now(),
        )
        .values(used_at=func.now())
        .returning(RefreshToken.account_id)
    )
    return account_id


async def _end_family_if_used(session: AsyncSession, token_hash: bytes, family_id: UUID) -> None:
    used_before = select(RefreshToken.used_at).where(RefreshToken.token_hash == token_hash).scalar_subquery()
    await session.execute(
        update(RefreshToken)
        .where(RefreshToken.family_id == family_id, RefreshToken.revoked_at.is_(None), used_before.is_not(None))
        .values(revoked_at=func.now())
    )


async def _forget_expired(session: AsyncSession, account_id: int) -> None:
    """At each log-in, so that the table needs no other cleaning."""
    await session.execute(
        delete(RefreshToken).where(RefreshToken.account_id == account_id, RefreshToken.expires_at <= func.now())
    )
