"""Reads accounts."""

from collections.abc import Collection

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.errors import UnknownAccount
from ordercast.services.order_api.references import one_of_ids
from ordercast.services.shared.db.engine import Sessions


async def read_account(sessions: Sessions, account_id: int) -> Account:
    """The account that a token was given to.

    Raises:
        UnknownAccount: it is not in this database.
    """
    async with sessions() as session:
        account = await session.get(Account, account_id)
    if account is None:
        raise UnknownAccount("the account of this token does not exist")
    return account


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
