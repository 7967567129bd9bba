"""Exchanges a password, or a refresh token, for a pair of tokens."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, cast
from uuid import UUID, uuid4

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.because import sentence
from ordercast.services.order_api.accounts import refresh_tokens
from ordercast.services.order_api.accounts.passwords import Passwords
from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.api_keys.revoke_keys import revoke_keys
from ordercast.services.order_api.audit.record_failures import RecordFailures
from ordercast.services.order_api.errors import (
    AccountBlocked,
    InvalidCredentials,
    InvalidRefreshToken,
    UnknownAccount,
    WrongPassword,
)
from ordercast.services.shared.audit.record import record
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller, Role
from ordercast.services.shared.http.tokens import LIFETIME_S, TokenSigner


class TokenPair(NamedTuple):
    """`expires_in`: seconds until the access token ends."""

    access_token: str
    refresh_token: str
    expires_in: int


@dataclass(frozen=True, slots=True)
class LogIn:
    """The token grants. Refresh tokens rotate: each is good for one exchange, and one that comes twice was stolen, so its
    whole family ends. The account's row is locked while a token is added, so that blocking it misses none."""

    sessions: Sessions
    passwords: Passwords
    signer: TokenSigner
    failures: RecordFailures
    lifetime: timedelta  # of a log-in, however often its tokens are refreshed

    async def with_password(self, email: str, password: str, address: str | None) -> TokenPair:
        """A pair that begins a new family. `email` is in its normal form, `address` where the caller is.

        Raises:
            InvalidCredentials: the same, and in the same time, for an unknown email and for a wrong password.
            AccountBlocked: an admin has blocked the account; only who knows its password hears so.
            Overloaded: too many passwords wait to be checked.
        """
        async with self.sessions() as session:
            found = await session.scalar(select(Account).where(func.lower(Account.email) == func.lower(email)))
        checked_hash = found.password_hash if found else None
        # Between two transactions: a connection must not wait for argon2.
        checked = await self.passwords.check(checked_hash, password)
        if not checked.matches or found is None:
            await self.failures.record(found.id if found else None, address, "unknown or wrong")
            raise _wrong()
        new_hash = await self.passwords.hash(password) if checked.outdated else checked_hash
        async with self.sessions() as session, session.begin():
            account = await _locked(session, found.id, to_change=checked.outdated)
            if account is not None and account.password_hash != checked_hash:
                account = None  # changed meanwhile
            if account is not None and account.blocked_at is None:
                account.password_hash = new_hash
                await refresh_tokens.forget_expired(session, account.id)
                record(session, "log-in", account_id=account.id, address=address)
                return self._new_family(session, account)
        await self.failures.record(found.id if found else None, address, "blocked" if account else "unknown or wrong")
        raise _blocked() if account else _wrong()

    async def with_refresh_token(self, refresh_token: str, address: str | None) -> TokenPair:
        """The next pair of the token's family, with the account's current role.

        Raises:
            InvalidRefreshToken: unknown, expired, ended, or used before; in the last case the family has ended now.
        """
        token_hash = refresh_tokens.hash_of(refresh_token)
        async with self.sessions() as session, session.begin():
            family_id = await refresh_tokens.lock_family(session, token_hash)
            if family_id is None:
                raise _refused()
            # The account's row before its tokens, as whoever blocks it does.
            account = await _locked(session, await refresh_tokens.account_of(session, token_hash))
            if (
                account is not None
                and account.blocked_at is None
                and (ends_at := await refresh_tokens.use(session, token_hash)) is not None
            ):
                return self._pair(session, account, family_id, ends_at)
        # In a transaction of its own: two that share the account's row must not both wait to change it.
        async with self.sessions() as session, session.begin():
            account_id = await _end_family(session, token_hash, only_if_used=True)
            if account_id is not None:
                record(session, "refresh-token-reused", subject=f"accounts/{account_id}", address=address)
        raise _refused()

    async def out(self, refresh_token: str, address: str | None) -> None:
        """Ends the log-in that the refresh token is of, with its access tokens; one that has ended, or is unknown, stays so."""
        async with self.sessions() as session, session.begin():
            account_id = await _end_family(session, refresh_tokens.hash_of(refresh_token))
            if account_id is not None:
                record(session, "log-out", account_id=account_id, address=address)

    async def with_new_password(
        self, account_id: int, old: str, new: str, address: str | None, *, revoke_api_keys: bool = False
    ) -> TokenPair:
        """Changes the account's password: every other log-in of it ends, with its access tokens, and the pair begins a new one.
        So do its API keys where that is asked for: programs go on unless somebody else may have made one.

        Raises:
            WrongPassword: the old one is not the account's.
            WeakPassword: the new one is too short, or easily guessed.
            AccountBlocked: an admin has blocked the account.
            UnknownAccount: it is not in this database.
            Overloaded: too many passwords wait to be checked.
        """
        async with self.sessions() as session:
            found = await session.get(Account, account_id)
        if found is None:
            raise UnknownAccount("the account of this token does not exist")
        if not (await self.passwords.check(found.password_hash, old)).matches:
            await self.failures.record(found.id if found else None, address, "wrong old password")
            raise _wrong_old()
        own = (found.email or "", found.nickname)
        new_hash = await self.passwords.hash_new(new, own=own, field="new_password")
        async with self.sessions() as session, session.begin():
            account = await _locked(session, account_id, to_change=True)
            if account is None or account.password_hash != found.password_hash:
                raise _wrong_old()  # changed meanwhile
            if account.blocked_at is not None:
                raise _blocked()
            account.password_hash = new_hash
            account.end_access_tokens()
            await refresh_tokens.end_all(session, account_id)
            record(session, "password-changed", account_id=account_id, address=address)
            if revoke_api_keys:
                await revoke_keys(session, account_id, because="password-changed", by=account_id, address=address)
            return self._new_family(session, account)

    def _new_family(self, session: AsyncSession, account: Account) -> TokenPair:
        return self._pair(session, account, uuid4(), datetime.now(UTC) + self.lifetime)

    def _pair(self, session: AsyncSession, account: Account, family_id: UUID, ends_at: datetime) -> TokenPair:
        refresh_token = refresh_tokens.add_token(session, account.id, family_id, ends_at)
        caller = Caller(account.id, cast("Role", account.role), account.token_version, family_id)
        left = (ends_at - datetime.now(UTC)).total_seconds()  # of the log-in, which no token outlives
        lifetime_s = min(LIFETIME_S, max(1, int(left)))
        return TokenPair(self.signer.sign(caller, lifetime_s=lifetime_s), refresh_token, lifetime_s)


async def _end_family(session: AsyncSession, token_hash: bytes, *, only_if_used: bool = False) -> int | None:
    """Ends the family of the token, which somebody may hold still; its account, or None where nothing was left to end."""
    family_id = await refresh_tokens.lock_family(session, token_hash)
    account = await _locked(session, await refresh_tokens.account_of(session, token_hash), to_change=True)
    if (
        family_id is None
        or account is None
        or (only_if_used and not await refresh_tokens.was_used(session, token_hash))
    ):
        return None
    if not await refresh_tokens.end_family(session, family_id):
        return None
    account.end_log_in(family_id)
    return account.id


async def _locked(session: AsyncSession, account_id: int | None, *, to_change: bool = False) -> Account | None:
    query = select(Account).where(Account.id == account_id)
    account: Account | None = await session.scalar(query.with_for_update(read=not to_change, key_share=to_change))
    return account


def _wrong() -> InvalidCredentials:
    return InvalidCredentials(sentence("wrong-log-in"))


def _blocked() -> AccountBlocked:
    return AccountBlocked(sentence("blocked-by-admin"))


def _wrong_old() -> WrongPassword:
    return WrongPassword(sentence("old-password-wrong"), fields={"old_password": "is not the account's password"})


def _refused() -> InvalidRefreshToken:
    return InvalidRefreshToken("the refresh token is not valid (any more); log in again")
