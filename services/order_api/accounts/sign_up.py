"""Makes accounts that log in with a password."""

from dataclasses import dataclass

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.because import sentence
from ordercast.services.order_api.accounts.nicknames import key_of
from ordercast.services.order_api.accounts.passwords import Passwords
from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.errors import AccountTaken
from ordercast.services.shared.audit.record import record
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Role


@dataclass(frozen=True, slots=True)
class NewAccount:
    """Who signs up. `role` is the server's choice, never the client's."""

    email: str
    nickname: str
    password: str
    role: Role = "CUSTOMER"

    def __repr__(self) -> str:
        return f"NewAccount({self.email!r}, {self.nickname!r})"  # a password belongs in no log


async def sign_up(sessions: Sessions, passwords: Passwords, new: NewAccount) -> Account:
    """The account, committed.

    Raises:
        AccountTaken: email or nickname belong to another account; `fields` says which.
        WeakPassword: the password is too short, or easily guessed.
        Overloaded: too many passwords wait to be hashed.
    """
    password_hash = await passwords.hash_new(new.password, own=(new.email, new.nickname))
    async with sessions() as session, session.begin():
        account: Account | None = await session.scalar(
            insert(Account)
            .values(
                email=new.email,
                nickname=new.nickname,
                nickname_key=key_of(new.nickname),
                password_hash=password_hash,
                role=new.role,
                login_type="PASSWORD",
            )
            # Not an error to catch: two that sign up at the same moment both get here.
            .on_conflict_do_nothing()
            .returning(Account)
        )
        if account is None:
            raise await _taken(session, new)
        if new.role == "ADMIN":  # by whoever may write to the database
            record(session, "admin-made", subject=f"accounts/{account.id}")
    return account


async def _taken(session: AsyncSession, new: NewAccount) -> AccountTaken:
    same_email = func.lower(Account.email) == func.lower(new.email)
    same_nickname = or_(Account.nickname == new.nickname, Account.nickname_key == key_of(new.nickname))
    rows = (
        await session.execute(
            select(same_email, func.coalesce(same_nickname, False)).where(or_(same_email, same_nickname))
        )
    ).all()
    taken = [name for column, name in enumerate(("email", "nickname")) if any(row[column] for row in rows)]
    taken = taken or ["email", "nickname"]  # one of them was, by an account that has just been erased
    return AccountTaken(
        sentence(f"{'-and-'.join(taken)}-taken"), fields=dict.fromkeys(taken, "belongs to another account")
    )
