"""The admin that commands act as, and how admins come to be on a system of this machine."""

import asyncio
import os
import secrets
import sys
from typing import Final

import msgspec

from ordercast.client.session import Login
from ordercast.errors import ActionableError
from ordercast.infra.local.private_files import write_private
from ordercast.infra.local.state import StateFolder, SystemInfo

EMAIL_VARIABLE: Final = "ORDERCAST_ADMIN_EMAIL"
PASSWORD_VARIABLE: Final = "ORDERCAST_ADMIN_PASSWORD"  # noqa: S105 - a variable's name
OPERATOR_EMAIL: Final = "operator@example.com"
OPERATOR_NICKNAME: Final = "operator"


class AdminNotMade(ActionableError):
    """The admin was not made; the message says why."""


async def create_admin(database_url: str, email: str, nickname: str, password: str | None) -> bytes:
    """Makes an admin and returns its account as JSON. Without a password the person at the terminal is asked for it.

    Only the order API knows how passwords are kept, so its own program does it.

    Raises:
        AdminNotMade: email or nickname are taken or not valid, or the database does not answer.
    """
    variables = {"ORDERCAST_DATABASE_URL": database_url}
    if password is not None:
        variables[PASSWORD_VARIABLE] = password
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-P", "-m", "ordercast.services.order_api", "create-admin", "--email", email, "--nickname", nickname),
        env={**os.environ, **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE if password is not None else None,
    )
    answer, errors = await process.communicate()
    if process.returncode != 0:
        said = (errors or b"").decode().strip().removeprefix("create-admin: ")
        raise AdminNotMade(f"the admin was not made: {said}" if said else "the admin was not made")
    return answer


async def operator_login(folder: StateFolder, system: SystemInfo) -> Login:
    """Who a command logs in as: ORDERCAST_ADMIN_EMAIL with its password, else the folder's own operator.

    The operator is made at the first call, with a random password that only this user can read.

    Raises:
        AdminNotMade: there is an operator in the database already, but not in the folder.
    """
    if email := os.environ.get(EMAIL_VARIABLE):
        return Login(email, os.environ.get(PASSWORD_VARIABLE, ""))
    path = folder.keys / "operator.json"
    if not path.exists():
        login = Login(OPERATOR_EMAIL, secrets.token_urlsafe(24))
        try:
            await create_admin(system.database_url, login.email, OPERATOR_NICKNAME, login.password)
        except AdminNotMade as error:
            raise AdminNotMade(
                str(error), hint=f"name an admin with {EMAIL_VARIABLE} and {PASSWORD_VARIABLE}"
            ) from error
        write_private(path, msgspec.json.encode(login))
    return msgspec.json.decode(path.read_bytes(), type=Login)


def sample_password(folder: StateFolder) -> str:
    """The password of all sample accounts of a folder: random, so that a system that others reach is not left open."""
    path = folder.keys / "sample_password"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24).encode())
    return path.read_text()
