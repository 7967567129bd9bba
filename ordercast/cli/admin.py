"""`ordercast admin`: makes admins, and does what they do with accounts."""

import os
import sys
from collections.abc import Coroutine
from datetime import UTC
from enum import StrEnum
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from ordercast.cli.options import EXIT_INTERRUPTED, CommandFailed, Context, command, several_commands
from ordercast.client.account_answers import Account
from ordercast.system.access import SYSTEM_ERRORS, open_access
from ordercast.system.operator_account import PASSWORD_VARIABLE, create_admin

app = several_commands("Make admins, and look after accounts.")


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


class Role(StrEnum):
    CUSTOMER = "CUSTOMER"
    SERVICE = "SERVICE"
    OPERATOR = "OPERATOR"
    ADMIN = "ADMIN"


AccountId = Annotated[int, typer.Argument(metavar="ACCOUNT_ID", min=1, help="As `list` shows it.")]


@app.command(name="list")
@command(expected=SYSTEM_ERRORS, against=True)
async def list_(
    context: Context,
    search: Annotated[
        str | None, typer.Option(help="A part of email, nickname or reference, however cased.", show_default=False)
    ] = None,
    role: Annotated[
        Role | None, typer.Option(help="Only those with this role.", show_default=False, case_sensitive=False)
    ] = None,
    blocked: Annotated[
        bool | None,
        typer.Option("--blocked/--not-blocked", help="Only those that are blocked, or only the others."),
    ] = None,
) -> None:
    """Show accounts."""
    async with open_access(context.target()) as access:
        found = access.admin.order_api.accounts(search=search, role=role, blocked=blocked)
        accounts = [account async for account in found]
    context.result(accounts, table(accounts))


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def role(
    context: Context,
    account_id: AccountId,
    role: Annotated[Role, typer.Argument(help="The new one.", case_sensitive=False)],
) -> None:
    """Give an account another role: a customer, a shop's own service, an operator or an admin."""
    await _change(context, account_id, role=role)


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def block(context: Context, account_id: AccountId) -> None:
    """End an account's log-ins and let it log in no more; its access tokens end within seconds."""
    await _change(context, account_id, blocked=True)


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def unblock(context: Context, account_id: AccountId) -> None:
    """Let a blocked account log in again."""
    await _change(context, account_id, blocked=False)


@app.command(name="reset-password")
@command(expected=SYSTEM_ERRORS, against=True)
async def reset_password(context: Context, account_id: AccountId) -> None:
    """Show a code, this once, with which the account's owner sets a new password (POST /auth/password-reset).

    Every log-in of the account ends with it, and every API key.
    """
    async with open_access(context.target()) as access:
        reset = await access.admin.order_api.new_reset_code(account_id)
    until = f"{reset.expires_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    context.result(reset, f"{reset.code} is good once for account {account_id}, until {until}")


async def _change(context: Context, account_id: int, *, role: Role | None = None, blocked: bool | None = None) -> None:
    async with open_access(context.target()) as access:
        account = await access.admin.order_api.change_account(account_id, role=role, blocked=blocked)
    state = ", blocked" if account.blocked else ""
    context.result(account, f"account {account.id} ({account.nickname}) is {account.role}{state}")


def table(accounts: list[Account]) -> Table | str:
    """The accounts as lines to read."""
    if not accounts:
        return "no account is like that"
    shown = Table("id", "role", "", "email", "nickname", "reference", box=None, pad_edge=False, header_style="bold")
    for account in accounts:
        names = (account.email or "", account.nickname, account.account_ref or "")
        state = "blocked" if account.blocked else ""
        shown.add_row(str(account.id), account.role, state, *(Text(name) for name in names))
    return shown


def _asked_for() -> str:
    """The password typed twice at the terminal, or the first line of what is piped in."""
    if not sys.stdin.isatty():
        piped = sys.stdin.readline().rstrip("\r\n")
        if not piped:
            raise CommandFailed(
                "there is no password", hint=f"set {PASSWORD_VARIABLE}, pipe it in, or run this at a terminal"
            )
        return piped
    try:
        password: str = typer.prompt("Password", hide_input=True, confirmation_prompt=True, err=True)
    except typer.Abort:  # as everywhere, and not the 1 of an admin that could not be made
        raise typer.Exit(EXIT_INTERRUPTED) from None
    return password
