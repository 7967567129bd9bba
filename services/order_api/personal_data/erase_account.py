"""Takes all out that says who an account is. Its id stays, and what is counted by it."""

from datetime import UTC, datetime
from uuid import uuid4

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.because import sentence
from ordercast.services.order_api.accounts.good_tokens import expect_good_token
from ordercast.services.order_api.accounts.manage_accounts import expect_an_admin_left, lock_changes, lock_for_admin
from ordercast.services.order_api.accounts.nicknames import key_of
from ordercast.services.order_api.accounts.passwords import Passwords
from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.errors import AccountNotFound, WrongPassword
from ordercast.services.order_api.personal_data.personal_tables import PERSONAL
from ordercast.services.shared.audit.record import record
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller


async def expect_password(sessions: Sessions, passwords: Passwords, account_id: int, password: str) -> None:
    """Who erases the own account says its password once more: a token that somebody else got must not do it.

    Raises:
        WrongPassword: it is another one.
        Overloaded: too many passwords wait to be checked.
    """
    async with sessions() as session:
        account = await session.get(Account, account_id)
    if account is None or not (await passwords.check(account.password_hash, password)).matches:
        raise WrongPassword(sentence("password-wrong"), fields={"password": "is another one"})


async def erase_account(sessions: Sessions, caller: Caller, account_id: int, address: str | None) -> Account:
    """The account as it is now, committed. Done again, it erases what came in between, and is no other line of the audit log.

    Raises:
        AccountNotFound: there is no such account, or it is another's.
        NoLongerAdmin: who asks for another account was demoted or blocked since the token was given.
        LastAdmin: nobody would be left who can do what admins do.
    """
    async with sessions() as session, session.begin():
        await lock_changes(session)
        account = await _locked(session, caller, account_id)
        for personal in PERSONAL:
            if personal.erased:
                await session.execute(delete(personal.table).where(personal.rows_of(account_id)))
        if account.erased_at is None:
            _make_nobody(account)
            record(
                session,
                "account-erased",
                account_id=caller.account_id,
                subject=f"accounts/{account_id}",
                address=address,
            )
        await session.flush()
        await expect_an_admin_left(session)
        return account


def _make_nobody(account: Account) -> None:
    account.email = account.password_hash = account.account_ref = None
    account.login_type, account.role = "EXTERNAL", "CUSTOMER"
    # Nicknames are unique; nobody else can have this one.
    account.nickname = f"erased-{uuid4().hex}"
    account.nickname_key = key_of(account.nickname)
    account.erased_at = datetime.now(UTC)
    account.blocked_at = account.blocked_at or account.erased_at
    account.end_access_tokens()


async def _locked(session: AsyncSession, caller: Caller, account_id: int) -> Account:
    if account_id == caller.account_id:
        own = await session.scalar(select(Account).where(Account.id == account_id).with_for_update(key_share=True))
        if own is not None:
            expect_good_token(own, caller)
            return own
    if not caller.for_all:
        raise AccountNotFound(sentence("no-account", account=str(account_id)))
    return await lock_for_admin(session, caller, account_id)
