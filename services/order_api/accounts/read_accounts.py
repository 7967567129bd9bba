"""Reads accounts."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.because import sentence
from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.errors import AccountNotFound, UnknownAccount
from ordercast.services.order_api.references import one_of_ids
from ordercast.services.shared.db.cut_page import cut_page
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Role


@dataclass(frozen=True, slots=True)
class AccountFilter:
    """Which accounts a list has; None leaves none out.

    `search` is any part of email, nickname or reference, however cased; `email` is compared as at log-in, `account_ref` to the
    letter.
    """

    role: Role | None = None
    blocked: bool | None = None
    search: str | None = None
    email: str | None = None
    account_ref: str | None = None
    ids: Collection[int] | None = None


async def read_own_account(sessions: Sessions, account_id: int) -> Account:
    """The account that a token was given to.

    Raises:
        UnknownAccount: it is not in this database.
    """
    async with sessions() as session:
        account = await session.get(Account, account_id)
    if account is None:
        raise UnknownAccount("the account of this token does not exist")
    return account


async def read_account(sessions: Sessions, account_id: int) -> Account:
    """
    Raises:
        AccountNotFound: there is none with this id.
    """
    async with sessions() as session:
        account = await session.get(Account, account_id)
    if account is None:
        raise AccountNotFound(sentence("no-account", account=str(account_id)))
    return account


async def read_accounts(
    sessions: Sessions, wanted: AccountFilter, *, limit: int, starting_after: int | None
) -> tuple[Sequence[Account], bool]:
    """A page of the accounts in the order in which they were made, and whether more follow."""
    query = select(Account).where(Account.id > (starting_after or 0)).order_by(Account.id).limit(limit + 1)
    if wanted.role is not None:
        query = query.where(Account.role == wanted.role)
    if wanted.blocked is not None:
        query = query.where(Account.blocked_at.is_not(None) if wanted.blocked else Account.blocked_at.is_(None))
    if wanted.search is not None:
        columns = (Account.email, Account.nickname, Account.account_ref)
        query = query.where(or_(*(column.icontains(wanted.search, autoescape=True) for column in columns)))
    if wanted.email is not None:
        query = query.where(func.lower(Account.email) == func.lower(wanted.email))
    if wanted.account_ref is not None:
        query = query.where(Account.account_ref == wanted.account_ref)
    if wanted.ids is not None:
        query = query.where(one_of_ids(Account.id, wanted.ids))
    async with sessions() as session:
        return cut_page((await session.scalars(query)).all(), limit)


async def find_admin(sessions: Sessions, email: str) -> Account | None:
    """The admin with this email, however cased."""
    async with sessions() as session:
        same_email = func.lower(Account.email) == func.lower(email)
        admin: Account | None = await session.scalar(select(Account).where(same_email, Account.role == "ADMIN"))
        return admin


async def account_refs(session: AsyncSession, account_ids: Collection[int]) -> dict[int, str]:
    """A shop's own references of those accounts that have one."""
    rows = await session.execute(
        select(Account.id, Account.account_ref).where(
            one_of_ids(Account.id, account_ids), Account.account_ref.is_not(None)
        )
    )
    return {row.id: row.account_ref for row in rows}
