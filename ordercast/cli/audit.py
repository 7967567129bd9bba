"""`ordercast audit`: who logged in, who failed to, and what admins and operators did."""

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from ordercast.cli.options import Context, command, printable, several_commands
from ordercast.client.account_answers import AuditLine
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = several_commands("See who logged in, who failed to, and what admins and operators did.")


@app.command(name="list")
@command(expected=SYSTEM_ERRORS, against=True)
async def list_(
    context: Context,
    kind: Annotated[str | None, typer.Option(help="Only these, such as log-in-failed.", show_default=False)] = None,
    account: Annotated[
        int | None, typer.Option(min=1, help="Whose doing it was, or whom it was done to.", show_default=False)
    ] = None,
    since: Annotated[datetime | None, typer.Option(help="From this time on (UTC).", show_default=False)] = None,
    limit: Annotated[int, typer.Option(min=1, help="The newest so many.")] = 20,
) -> None:
    """Show lines of the audit log, the newest first."""
    found: list[AuditLine] = []
    async with open_access(context.target()) as access:
        from_then_on = since and since.replace(tzinfo=UTC)
        async for line in access.admin.order_api.audit(kind=kind, account_id=account, since=from_then_on):
            found.append(line)
            if len(found) == limit:
                break
    context.result(found, table(found))


def table(lines: list[AuditLine]) -> Table | str:
    """The lines as a person reads them."""
    if not lines:
        return "no line is like that"
    shown = Table(
        *("time (UTC)", "kind", "account", "subject", "address", "details"),
        box=None,
        pad_edge=False,
        header_style="bold",
    )
    for line in lines:
        details = ", ".join(
            f"{name} {' '.join(map(str, value)) if isinstance(value, list) else value}"
            for name, value in line.details.items()
        )
        shown.add_row(
            f"{line.recorded_at.astimezone(UTC):%Y-%m-%d %H:%M:%S}",
            line.kind,
            str(line.account_id or ""),
            *(Text(printable(text or "")) for text in (line.subject, line.address, details)),
        )
    return shown
