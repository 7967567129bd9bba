"""Makes, shows, rotates and revokes API keys: those of the caller's own account, or of any where the caller may do it for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple, cast

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.because import sentence
from ordercast.services.order_api.accounts.good_tokens import expect_good_token, lock_good_caller
from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.errors import (
    AccountBlocked,
    AccountNotFound,
    ApiKeyEnded,
    ApiKeyNotFound,
    ScopeNotAllowed,
    TooManyApiKeys,
)
from ordercast.services.shared.audit.record import Kind, record
from ordercast.services.shared.db.api_keys import ApiKey
from ordercast.services.shared.db.cut_page import cut_page
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.access import scopes_of
from ordercast.services.shared.http.caller import Caller, Role
from ordercast.services.shared.http.key_secrets import PresentedKey, hash_of, new_secret

# Keys of an account that are good at once: one for each of its programs, and nobody fills the table.
MAX_KEYS: Final = 20


@dataclass(frozen=True, slots=True)
class NewApiKey:
    """What a key is to be: `expires_at` None, until it is revoked."""

    account_id: int
    name: str
    scopes: frozenset[str]
    expires_at: datetime | None = None


class ShownKey(NamedTuple):
    """A key with its text, which nobody sees again."""

    row: ApiKey
    text: str


async def create_api_key(sessions: Sessions, caller: Caller, new: NewApiKey, address: str | None = None) -> ShownKey:
    """The key, committed.

    Raises:
        AccountNotFound: there is no such account, or it is another's.
        TokenEnded: the caller's has, in these seconds.
        AccountBlocked: a key of it would not be good.
        ScopeNotAllowed: nothing that a scope is for may be done by the account's role.
        TooManyApiKeys: revoke one that is no longer used.
    """
    async with sessions() as session, session.begin():
        account = await _locked_account(session, caller, new.account_id)
        if strange := sorted(new.scopes - scopes_of(cast("Role", account.role))):
            reason = sentence("role-has-no-such-scope", role=account.role, scopes=", ".join(strange))
            raise ScopeNotAllowed(reason, fields={"scopes": reason})
        good = await session.scalar(select(func.count()).select_from(_good(new.account_id).subquery()))
        if good is not None and good >= MAX_KEYS:
            raise TooManyApiKeys(sentence("too-many-keys", keys=good))
        secret = new_secret()
        row = ApiKey(
            account_id=new.account_id,
            name=new.name,
            scopes=sorted(new.scopes),
            secret_hash=hash_of(secret),
            created_at=datetime.now(UTC),
            expires_at=new.expires_at,
        )
        session.add(row)
        await session.flush()
        _tell(session, "api-key-made", caller, row, address)
        return _shown(row, secret)


async def rotate_api_key(
    sessions: Sessions, caller: Caller, key_id: int, overlap: timedelta, address: str | None = None
) -> ShownKey:
    """The key with a new secret; the one before is good for `overlap` from now on, and the one before that no more.

    Raises:
        TokenEnded: the caller's has, in these seconds.
        ApiKeyNotFound: there is no such key, or it is another's.
        ApiKeyEnded: it was revoked, or has ended.
    """
    async with sessions() as session, session.begin():
        await lock_good_caller(session, caller)
        row = await _locked(session, caller, key_id)
        now = datetime.now(UTC)
        if row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now):
            raise ApiKeyEnded(sentence("key-ended"))
        secret = new_secret()
        row.previous_hash, row.previous_until = (row.secret_hash, now + overlap) if overlap else (None, None)
        row.secret_hash, row.rotated_at = hash_of(secret), now
        _tell(session, "api-key-rotated", caller, row, address)
        return _shown(row, secret)


async def revoke_api_key(sessions: Sessions, caller: Caller, key_id: int, address: str | None = None) -> ApiKey:
    """The key, which ends now; one that was revoked before stays as it is.

    Raises:
        ApiKeyNotFound: there is no such key, or it is another's.
    """
    async with sessions() as session, session.begin():
        row = await _locked(session, caller, key_id)
        if row.revoked_at is None:
            row.revoked_at = datetime.now(UTC)
            _tell(session, "api-key-revoked", caller, row, address)
        return row


async def read_api_key(sessions: Sessions, caller: Caller, key_id: int) -> ApiKey:
    """
    Raises:
        ApiKeyNotFound: there is no such key, or it is another's.
    """
    async with sessions() as session:
        return _found(await session.scalar(_visible(caller).where(ApiKey.id == key_id)), key_id)


async def read_api_keys(
    sessions: Sessions, caller: Caller, account_id: int | None, *, limit: int, starting_after: int | None
) -> tuple[Sequence[ApiKey], bool]:
    """A page of the keys that the caller may see, and whether more follow; of one account, if it is named."""
    query = _visible(caller).where(ApiKey.id > (starting_after or 0)).order_by(ApiKey.id).limit(limit + 1)
    if account_id is not None:
        query = query.where(ApiKey.account_id == account_id)
    async with sessions() as session:
        return cut_page((await session.scalars(query)).all(), limit)


def _visible(caller: Caller) -> Select[ApiKey]:
    return select(ApiKey) if caller.for_all else select(ApiKey).where(ApiKey.account_id == caller.account_id)


def _good(account_id: int) -> Select[int]:
    return select(ApiKey.id).where(
        ApiKey.account_id == account_id,
        ApiKey.revoked_at.is_(None),
        or_(ApiKey.expires_at.is_(None), ApiKey.expires_at > func.now()),
    )


async def _locked_account(session: AsyncSession, caller: Caller, account_id: int) -> Account:
    """One key of an account after the other, so that they can be counted; and nobody is blocked in between.

    The caller's token is looked at, too: it is good for seconds after it has ended, and a key would outlast it.
    """
    query = select(Account).where(Account.id.in_({account_id, caller.account_id})).order_by(Account.id)
    by_id = {row.id: row for row in await session.scalars(query.with_for_update(key_share=True))}
    expect_good_token(by_id.get(caller.account_id), caller)
    account = by_id.get(account_id) if caller.for_all or account_id == caller.account_id else None
    if account is None:
        raise AccountNotFound(sentence("no-account", account=str(account_id)), fields={"account_id": "not found"})
    if account.blocked_at is not None:
        raise AccountBlocked(sentence("account-blocked"))
    return account


async def _locked(session: AsyncSession, caller: Caller, key_id: int) -> ApiKey:
    return _found(await session.scalar(_visible(caller).where(ApiKey.id == key_id).with_for_update()), key_id)


def _found(row: ApiKey | None, key_id: int) -> ApiKey:
    if row is None:
        raise ApiKeyNotFound(sentence("no-api-key", key=str(key_id)))
    return row


def _tell(session: AsyncSession, kind: Kind, caller: Caller, row: ApiKey, address: str | None) -> None:
    record(
        session,
        kind,
        account_id=caller.account_id,
        subject=f"accounts/{row.account_id}",
        address=address,
        details={"api_key": row.id, "scopes": row.scopes},
    )


def _shown(row: ApiKey, secret: str) -> ShownKey:
    return ShownKey(row, str(PresentedKey(row.id, secret)))
