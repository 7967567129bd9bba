"""`python -m ordercast.services.order_api create-admin`: the one way in which an admin comes to be."""

import asyncio
import getpass
import sys

from pydantic import ValidationError

from ordercast.contracts.passwords import MIN_LENGTH
from ordercast.first_line import first_line
from ordercast.services.order_api.accounts.passwords import open_passwords
from ordercast.services.order_api.accounts.read_accounts import find_admin
from ordercast.services.order_api.accounts.schemas import SignUpRequest
from ordercast.services.order_api.accounts.sign_up import NewAccount, sign_up
from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.errors import AccountTaken, WeakPassword
from ordercast.services.shared.db.engine import open_database
from ordercast.services.shared.db.unavailable import is_unavailable
from ordercast.services.shared.http.problem import field_errors
from ordercast.services.shared.process.errors import CannotStart


def create_admin(
    database_url: str,
    *,
    email: str,
    nickname: str,
    password: str,
    if_absent: bool = False,
    min_length: int = MIN_LENGTH,
) -> Account:
    """The new admin; with `if_absent` also one that has this email already, as it is.

    Raises:
        CannotStart: what is wrong with the input, taken, or not there, in one line.
    """
    try:
        checked = SignUpRequest(email=email, nickname=nickname, password=password)
    except ValidationError as error:
        reasons = (f"{problem.field}: {problem.message}" for problem in field_errors(error.errors()))
        raise CannotStart("; ".join(reasons)) from error
    new = NewAccount(checked.email, checked.nickname, checked.password, role="ADMIN")
    try:
        return asyncio.run(_sign_up(database_url, new, if_absent=if_absent, min_length=min_length))
    except (AccountTaken, WeakPassword) as error:
        raise CannotStart(str(error)) from error
    except Exception as error:
        if not is_unavailable(error):
            raise
        raise CannotStart(f"the database cannot be reached: {first_line(error)}") from error


async def _sign_up(database_url: str, new: NewAccount, *, if_absent: bool, min_length: int) -> Account:
    async with (
        open_database(database_url, application="create-admin", pool_size=1) as sessions,
        open_passwords(threads=1, min_length=min_length) as passwords,
    ):
        if if_absent and (there := await find_admin(sessions, new.email)):
            return there
        return await sign_up(sessions, passwords, new)


def typed_password() -> str:
    """From the terminal, or the first line of what is piped in."""
    return getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
