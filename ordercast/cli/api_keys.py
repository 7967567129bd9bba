"""`ordercast api-keys`: keys with which machines speak to the APIs. (`ordercast keys` has those that tokens are signed with.)"""

from datetime import UTC, datetime, timedelta
from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from ordercast.cli.options import Context, command, several_commands
from ordercast.client.account_answers import ApiKey
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = several_commands("Keys with which machines speak to the APIs, in place of a log-in.")

# A hundred years: beyond the year 9999 there is no time at which a key could end.
MOST_DAYS: Final = 36_500

KeyId = Annotated[int, typer.Argument(metavar="KEY_ID", min=1, help="As `list` shows it.")]


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def create(
    context: Context,
    name: Annotated[str, typer.Argument(help="What the key is for.")],
    scope: Annotated[list[str], typer.Option(help="What it may do, such as orders:write; several times for several.")],
    account: Annotated[
        int | None, typer.Option(min=1, help="Whom it acts as; the admin, if not given.", show_default=False)
    ] = None,
    days: Annotated[
        int | None,
        typer.Option(
            min=1, max=MOST_DAYS, help="It ends after so many; until it is revoked, if not given.", show_default=False
        ),
    ] = None,
) -> None:
    """Make a key and show it, this once. It may do what both its scopes and its account's role allow."""
    ends = None if days is None else datetime.now(UTC) + timedelta(days=days)
    async with open_access(context.target()) as access:
        key = await access.admin.order_api.create_api_key(name, scope, account_id=account, expires_at=ends)
    context.result(key, f"API key {key.id} ({key.name}) of account {key.account_id}: {key.key}")


@app.command(name="list")
@command(expected=SYSTEM_ERRORS, against=True)
async def list_(
    context: Context,
    account: Annotated[int | None, typer.Option(min=1, help="Only those of this one.", show_default=False)] = None,
) -> None:
    """Show keys, without their secrets."""
    async with open_access(context.target()) as access:
        keys = [key async for key in access.admin.order_api.api_keys(account_id=account)]
    context.result(keys, table(keys))


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def rotate(
    context: Context,
    key_id: KeyId,
    overlap: Annotated[
        int | None,
        typer.Option(metavar="SECONDS", min=0, help="How long the old secret stays good; a day, if not given."),
    ] = None,
) -> None:
    """Give a key a new secret, shown this once; the old one stays good for a while."""
    async with open_access(context.target()) as access:
        key = await access.admin.order_api.rotate_api_key(key_id, overlap_s=overlap)
    until = f" (the old one is good until {key.previous_until:%Y-%m-%d %H:%M} UTC)" if key.previous_until else ""
    context.result(key, f"API key {key.id} ({key.name}) of account {key.account_id}: {key.key}{until}")


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def revoke(context: Context, key_id: KeyId) -> None:
    """End a key, in all services within three seconds."""
    async with open_access(context.target()) as access:
        key = await access.admin.order_api.revoke_api_key(key_id)
    context.result(key, f"API key {key.id} ({key.name}) of account {key.account_id} is revoked")


def table(keys: list[ApiKey]) -> Table | str:
    """The keys as lines to read."""
    if not keys:
        return "there are no keys"
    shown = Table("id", "account", "name", "scopes", "last used", "", box=None, pad_edge=False, header_style="bold")
    for key in keys:
        used = f"{key.last_used_at:%Y-%m-%d %H:%M}" if key.last_used_at else "never"
        shown.add_row(str(key.id), str(key.account_id), Text(key.name), " ".join(key.scopes), used, _state(key))
    return shown


def _state(key: ApiKey) -> str:
    if key.revoked_at is not None:
        return "revoked"
    if key.expires_at is None:
        return ""
    return f"{'ends' if key.expires_at > datetime.now(UTC) else 'ended'} {key.expires_at:%Y-%m-%d %H:%M}"
