"""What admins do with accounts: give a role, take it, block and unblock."""

from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from typing import Final

from sqlalchemy import func, or_, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.because import sentence
from ordercast.services.order_api.accounts.good_tokens import expect_good_token
from ordercast.services.order_api.accounts.refresh_tokens import end_all
from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.errors import (
    AccountChanged,
    AccountErased,
    AccountNotFound,
    CannotLogIn,
    LastAdmin,
    NoLongerAdmin,
)
from ordercast.services.order_api.webhooks.makers import pause_webhooks
from ordercast.services.shared.audit.record import record
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller, Role
from ordercast.services.shared.http.entity_tags import entity_tag, fits

# Any fixed number that nobody else locks in this database: changes of accounts come one after the other, so that two admins who
# block each other at the same moment do not both succeed.
_CHANGE_LOCK: Final = 7_305_110_402


@dataclass(frozen=True, slots=True)
class AccountChange:
    """What is to change; None stays as it is. `if_match` is the header."""

    role: Role | None = None
    blocked: bool | None = None
    if_match: str | None = None


def tag_of(account: Account) -> str:
    """Of what admins change of it: after another role and back, or a block and back, it is the same again."""
    blocked_at = account.blocked_at
    return entity_tag(account.role, blocked_at.astimezone(UTC).isoformat() if blocked_at else "")


async def change_account(
    sessions: Sessions, admin: Caller, account_id: int, change: AccountChange, address: str | None
) -> Account:
    """The account as it is now, committed; the admin asks from the `address`.

    Access tokens with the role before end, and all tokens of whoever is blocked. Webhooks of whoever may make none any more pause.

    Raises:
        AccountNotFound: there is none with this id.
        TokenEnded, NoLongerAdmin: who asks logged out, was demoted or blocked since the token was given.
        LastAdmin: nobody would be left who can do this.
        AccountErased: nothing of it changes any more.
        AccountChanged: it is not as `if_match` names it.
        CannotLogIn: an account without a password cannot be an admin.
    """
    async with sessions() as session, session.begin():
        await lock_changes(session)
        account = await lock_for_admin(session, admin, account_id)
        if account.erased_at is not None:
            raise AccountErased(sentence("account-erased"))
        if not fits(change.if_match, tag_of(account)):
            raise AccountChanged(sentence("account-changed"))
        if change.role == "ADMIN" and account.login_type != "PASSWORD":
            raise CannotLogIn(sentence("admin-without-password"))
        recorded = partial(
            record, session, account_id=admin.account_id, subject=f"accounts/{account_id}", address=address
        )
        if change.role is not None and change.role != account.role:
            recorded("role-changed", details={"from": account.role, "to": change.role})
            account.role = change.role
            account.end_access_tokens()
        if change.blocked is not None and change.blocked != (account.blocked_at is not None):
            recorded("account-blocked" if change.blocked else "account-unblocked")
            account.blocked_at = datetime.now(UTC) if change.blocked else None
        await session.flush()
        if change.blocked:
            account.end_access_tokens()
            await end_all(session, account.id)
        await pause_webhooks(session, account, admin)
        # Also where it was no admin before: whoever asks is one, so somebody is left.
        await expect_an_admin_left(session)
        return account


async def lock_changes(session: AsyncSession) -> None:
    await session.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": _CHANGE_LOCK})


# Those who can log in and do what admins do.
_ADMINS: Final = select(func.count()).where(Account.role == "ADMIN", Account.blocked_at.is_(None))


async def expect_an_admin_left(session: AsyncSession) -> None:
    """Raises LastAdmin."""
    if await session.scalar(_ADMINS) == 0:
        raise LastAdmin(sentence("last-admin"))


async def lock_for_admin(session: AsyncSession, caller: Caller, account_id: int) -> Account:
    """The account to change, while the one who asks is looked at, too: his token is good for seconds after he was demoted.

    Raises:
        AccountNotFound: there is none with this id.
        TokenEnded, NoLongerAdmin: who asks logged out, was demoted or blocked since the token was given.
    """
    rows = await session.scalars(
        select(Account)
        .where(or_(Account.id == caller.account_id, Account.id == account_id))
        .order_by(Account.id)
        .with_for_update(key_share=True)
    )
    by_id = {account.id: account for account in rows}
    admin = by_id.get(caller.account_id)
    if admin is None or admin.role != "ADMIN" or admin.blocked_at is not None:
        raise NoLongerAdmin(sentence("no-admin-any-more"))
    expect_good_token(admin, caller)
    if account_id not in by_id:
        raise AccountNotFound(sentence("no-account", account=str(account_id)))
    return by_id[account_id]
