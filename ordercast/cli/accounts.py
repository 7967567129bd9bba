"""`ordercast accounts`: what is kept of a person, given out and erased."""

from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
import typer

from ordercast.cli.options import CommandFailed, Context, command, several_commands
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = several_commands("What is kept of a person: give it out, erase it.")

AccountId = Annotated[int, typer.Argument(metavar="ACCOUNT_ID", min=1, help="As `ordercast admin list` shows it.")]
# Where git looks at nothing: it is personal data.
OUT: Final = Path("out")
# What the last line of a whole export says of itself.
END: Final = "end"


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def export(
    context: Context,
    account_id: AccountId,
    out: Annotated[Path | None, typer.Option(help="The file; out/account-ID.ndjson if not given.")] = None,
) -> None:
    """Write all that is kept of a person into a file: NDJSON, a row in each line with the kind of thing that it is."""
    path = out or OUT / f"account-{account_id}.ndjson"
    lines, last = 0, b"{}"
    async with open_access(context.target()) as access:
        found = access.admin.order_api.export_account(account_id)
        # Nothing is written where there is no such account.
        first = await anext(found)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        with path.open("wb") as file:
            file.write(first)
            async for line in found:
                file.write(line)
                lines, last = lines + 1, line
    if msgspec.json.decode(last).get("kind") != END:
        raise CommandFailed(f"the export broke off; {path} has its beginning", hint="try again")
    context.result({"file": str(path), "rows": lines}, f"{path}: {lines} rows of account {account_id}")


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
def erase(
    context: Context,
    account_id: AccountId,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> Coroutine[Any, Any, None]:
    """Erase for good who an account is. Its id stays with its orders, so that all sums stay as they are."""
    if not yes and not typer.confirm(f"Erase for good who account {account_id} is?", err=True):
        raise CommandFailed("nothing was erased")
    return _erase(context, account_id)


async def _erase(context: Context, account_id: int) -> None:
    async with open_access(context.target()) as access:
        account = await access.admin.order_api.erase_account(account_id)
    context.result(account, f"account {account.id} is erased; it is {account.nickname} now")
