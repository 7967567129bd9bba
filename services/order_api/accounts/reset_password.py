"""A new password for whoever has lost theirs: by a code that an admin asks for and hands over, good once and for a while."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, NamedTuple

from sqlalchemy import delete, func, select
from sqlalchemy.dialects.postgresql import insert

from ordercast.contracts.because import sentence
from ordercast.services.order_api.accounts.manage_accounts import lock_for_admin
from ordercast.services.order_api.accounts.passwords import Passwords
from ordercast.services.order_api.accounts.refresh_tokens import end_all
from ordercast.services.order_api.accounts.tables import Account, PasswordReset
from ordercast.services.order_api.api_keys.revoke_keys import revoke_keys
from ordercast.services.order_api.audit.record_failures import RecordFailures
from ordercast.services.order_api.errors import CannotLogIn, InvalidResetCode
from ordercast.services.shared.audit.record import record
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller

# Capitals and digits that nobody mistakes for each other, read out on a telephone; 20 of them are 98 bits, which cannot be guessed,
# so that a plain SHA-256 is enough to keep.
_ALPHABET: Final = "ABCDEFGHJKMNPQRSTVWXYZ23456789"
_GROUPS: Final = 4
_GROUP: Final = 5


# A code that can still be used, of the account beside it.
_GOOD: Final = (PasswordReset.account_id == Account.id) & (PasswordReset.expires_at > func.now())


class NewCode(NamedTuple):
    code: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ResetPassword:
    """`lifetime`: of a code."""

    sessions: Sessions
    passwords: Passwords
    failures: RecordFailures
    lifetime: timedelta

    async def new_code(self, admin: Caller, account_id: int, address: str | None) -> NewCode:
        """A code for the account, told once; one from before is good no more.

        Raises:
            AccountNotFound: there is none with this id.
            TokenEnded, NoLongerAdmin: who asks logged out, was demoted or blocked since the token was given.
            CannotLogIn: the account has no password.
        """
        code = "-".join("".join(secrets.choice(_ALPHABET) for _ in range(_GROUP)) for _ in range(_GROUPS))
        expires_at = datetime.now(UTC) + self.lifetime
        async with self.sessions() as session, session.begin():
            account = await lock_for_admin(session, admin, account_id)
            if account.login_type != "PASSWORD":
                raise CannotLogIn(sentence("no-password-to-reset"))
            values = {"code_hash": _hash_of(code), "expires_at": expires_at}
            await session.execute(
                insert(PasswordReset)
                .values(account_id=account_id, **values)
                .on_conflict_do_update(index_elements=[PasswordReset.account_id], set_=values)
            )
            record(
                session,
                "password-reset-asked",
                account_id=admin.account_id,
                subject=f"accounts/{account_id}",
                address=address,
                details={"expires_at": expires_at.isoformat(timespec="seconds")},
            )
        return NewCode(code, expires_at)

    async def use_code(self, email: str, code: str, new_password: str, address: str | None) -> None:
        """Sets the password of the account with this email; every log-in of it ends, with its access tokens, and every API key:
        somebody else may have had the account.

        A blocked account stays blocked.

        Raises:
            InvalidResetCode: the code is wrong, was used, or has expired, or there is no such account: the same for all.
            WeakPassword: the new password is too short, or easily guessed.
            Overloaded: too many passwords wait to be hashed.
        """
        code_hash = _hash_of(code)
        same_email = func.lower(Account.email) == func.lower(email)
        async with self.sessions() as session:
            query = (
                select(Account.id, Account.email, Account.nickname, PasswordReset.code_hash)
                .outerjoin(PasswordReset, _GOOD)
                .where(same_email)
            )
            found = (await session.execute(query)).one_or_none()
        if found is None or not hmac.compare_digest(found.code_hash or b"", code_hash):
            await self.failures.record(found.id if found else None, address, "wrong reset code")
            raise _invalid()
        own = (found.email, found.nickname)
        new_hash = await self.passwords.hash_new(new_password, own=own, field="new_password")
        async with self.sessions() as session, session.begin():
            account = await session.get_one(Account, found.id, with_for_update={"key_share": True})
            used = delete(PasswordReset).where(
                PasswordReset.account_id == found.id,
                PasswordReset.code_hash == code_hash,
                PasswordReset.expires_at > func.now(),
            )
            if (await session.scalars(used.returning(PasswordReset.account_id))).one_or_none() is None:
                raise _invalid()  # used meanwhile
            account.password_hash = new_hash
            account.end_access_tokens()
            await end_all(session, account.id)
            record(session, "password-reset", subject=f"accounts/{account.id}", address=address)
            await revoke_keys(session, account.id, because="password-reset", by=None, address=address)


def _hash_of(code: str) -> bytes:
    """Of the code however it is typed: in small letters, with blanks or without hyphens."""
    return hashlib.sha256("".join(filter(str.isalnum, code)).upper().encode()).digest()


def _invalid() -> InvalidResetCode:
    return InvalidResetCode(sentence("code-not-valid"), fields={"code": "is not valid"})
