"""The admin that commands act as, and how admins come to be on a system of this machine."""

import asyncio
import os
import secrets
import sys
from functools import partial
from pathlib import Path
from typing import Final

import asyncpg

from ordercast.client.credentials import Login, Tokens
from ordercast.client.database import snapshot
from ordercast.client.session import Signed
from ordercast.errors import ActionableError
from ordercast.infra.local.private_files import write_private
from ordercast.infra.local.state import StateFolder, SystemInfo

EMAIL_VARIABLE: Final = "ORDERCAST_ADMIN_EMAIL"
PASSWORD_VARIABLE: Final = "ORDERCAST_ADMIN_PASSWORD"  # noqa: S105 - a variable's name
OPERATOR_EMAIL: Final = "operator@example.com"
OPERATOR_NICKNAME: Final = "operator"
_NAME_ANOTHER: Final = f"name an admin with {EMAIL_VARIABLE} and {PASSWORD_VARIABLE}"


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


async def operator_login(folder: StateFolder, system: SystemInfo) -> Login | Signed:
    """Who a command acts as: ORDERCAST_ADMIN_EMAIL with its password, else the folder's own operator.

    The operator is made at the first call, with a password that nobody keeps: whoever may read the folder has the key that its
    access tokens are signed with.

    Raises:
        AdminNotMade: the operator cannot be made, or is no admin any more; or the folder has no key.
    """
    if email := os.environ.get(EMAIL_VARIABLE):
        return Login(email, os.environ.get(PASSWORD_VARIABLE, ""))
    (folder.keys / "operator.json").unlink(missing_ok=True)  # a release before kept the password in it
    sign = partial(_sign, folder.keys / "token_private.pem", system.database_url)
    if await _operator(system.database_url) is None:
        await _make_operator(system.database_url)
    await sign()
    return Signed(sign)


async def _make_operator(database_url: str) -> None:
    try:
        await create_admin(database_url, OPERATOR_EMAIL, OPERATOR_NICKNAME, secrets.token_urlsafe(24))
    except AdminNotMade as error:
        if await _operator(database_url) is None:  # else another command has made it meanwhile
            raise AdminNotMade(str(error), hint=_NAME_ANOTHER) from error


async def _operator(database_url: str) -> asyncpg.Record | None:
    async with snapshot(database_url, application="ordercast") as connection:
        return await connection.fetchrow(
            "SELECT id, role = 'ADMIN' AND blocked_at IS NULL AS may_act, token_version FROM accounts WHERE lower(email) = $1",
            OPERATOR_EMAIL,
        )


async def _sign(private_key: Path, database_url: str) -> Tokens:
    """An access token of the operator, as its account is now."""
    # Here, since they take a while to import: most commands do without.
    from ordercast.services.shared.http.caller import Caller
    from ordercast.services.shared.http.token_keys import TokenKeyError, jwk_of, load_private_key
    from ordercast.services.shared.http.tokens import LIFETIME_S, TokenSigner

    operator = await _operator(database_url)
    if operator is None or not operator["may_act"]:
        raise AdminNotMade(
            f"the operator, {OPERATOR_EMAIL}, is blocked or no admin any more",
            hint=_NAME_ANOTHER,
        )
    try:
        key = load_private_key(private_key)
    except TokenKeyError as error:
        raise AdminNotMade(f"the operator has no key: {error}", hint=_NAME_ANOTHER) from error
    signer = TokenSigner(key, key_id=jwk_of(key.public_key())["kid"])
    token = signer.sign(Caller(operator["id"], "ADMIN", operator["token_version"]))
    return Tokens(token, refresh_token="", token_type="bearer", expires_in=LIFETIME_S)  # noqa: S106 - the name of a scheme


def sample_password(folder: StateFolder) -> str:
    """The password of all sample accounts of a folder: random, so that a system that others reach is not left open."""
    path = folder.keys / "sample_password"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(24).encode())
    return path.read_text()
