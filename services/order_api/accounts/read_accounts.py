"""Reads accounts."""

from sqlalchemy import func, select

from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.errors import UnknownAccount
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
