"""`ordercast admin create`."""

import os
import sys
from collections.abc import Coroutine
from typing import Annotated, Any

import msgspec
import typer

from ordercast.cli.options import Context, command, several_commands
from ordercast.client.answers import Account
from ordercast.system.operator_account import PASSWORD_VARIABLE, create_admin

app = several_commands("Make admins.")


@app.command()
@command(against=True)
def create(
    context: Context,
    email: Annotated[str, typer.Option(help="What the admin logs in with.")],
    nickname: Annotated[str, typer.Option(help="What others see; no two accounts have the same one.")],
) -> Coroutine[Any, Any, None]:
    """Make an admin. The password comes from ORDERCAST_ADMIN_PASSWORD, or is asked for."""
    database_url = context.target().database_url
    # Asked for before there is an event loop: that would keep a first Ctrl-C for when the answer is there.
    password = os.environ.get(PASSWORD_VARIABLE)
    if password is None:
        password = _asked_for()
    return _create(context, database_url, email, nickname, password)


async def _create(context: Context, database_url: str, email: str, nickname: str, password: str) -> None:
    account = msgspec.json.decode(await create_admin(database_url, email, nickname, password), type=Account)
    context.result(account, f"admin {account.nickname} ({account.email}) is account {account.id}")


def _asked_for() -> str:
    """The password typed twice at the terminal, or the first line of what is piped in."""
    if not sys.stdin.isatty():
        return sys.stdin.readline().rstrip("\r\n")
    password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    return password
