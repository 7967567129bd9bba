"""`python -m services.order_api create-admin`: the one way in which an admin comes to be."""

import asyncio
import getpass
import os
import sys
from typing import Final

from pydantic import ValidationError

from services.order_api.accounts.passwords import open_passwords
from services.order_api.accounts.schemas import SignUpRequest
from services.order_api.accounts.sign_up import NewAccount, sign_up
from services.order_api.accounts.tables import Account
from services.order_api.errors import AccountTaken
from services.shared.db.engine import open_database
from services.shared.db.unavailable import is_unavailable
from services.shared.http.problem import field_errors
from services.shared.http.start import CannotStart

# Not an option: other users of the machine see a process's arguments.
PASSWORD_VARIABLE: Final = "ORDERCAST_ADMIN_PASSWORD"  # noqa: S105 - a variable's name


def create_admin(database_url: str, *, email: str, nickname: str) -> Account:
    """The new admin, with the password from ORDERCAST_ADMIN_PASSWORD, the terminal or the first line of stdin.

    Raises:
        CannotStart: what is wrong with the input, taken, or not there, in one line.
    """
    try:
        checked = SignUpRequest(email=email, nickname=nickname, password=_read_password())
    except ValidationError as error:
        reasons = (f"{problem.field}: {problem.message}" for problem in field_errors(error.errors()))
        raise CannotStart("; ".join(reasons)) from error
    new = NewAccount(checked.email, checked.nickname, checked.password, role="ADMIN")
    try:
        return asyncio.run(_sign_up(database_url, new))
    except AccountTaken as error:
        raise CannotStart(str(error)) from error
    except Exception as error:
        if not is_unavailable(error):
            raise
        raise CannotStart(f"the database cannot be reached: {error}") from error


async def _sign_up(database_url: str, new: NewAccount) -> Account:
    async with (
        open_database(database_url, application="create-admin", pool_size=1) as sessions,
        open_passwords(threads=1) as passwords,
    ):
        return await sign_up(sessions, passwords, new)


def _read_password() -> str:
    password = os.environ.get(PASSWORD_VARIABLE)
    if password is None:
        password = getpass.getpass("Password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\r\n")
    return password
