"""`ordercast outbox`: events of orders that Kafka refused for good, and publishing them again after a repair."""

from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from ordercast.cli.options import CommandFailed, Context, command, several_commands
from ordercast.system.order_api_program import run_order_api

app = several_commands("Events of orders that Kafka refused.")


@app.command(name="list")
@command(against=True)
async def list_(context: Context) -> None:
    """Show each refused event with Kafka's reason."""
    letters = msgspec.json.decode(await run_order_api(context.target().database_url, "outbox-list"))
    context.result(letters, table(letters))


@app.command()
@command(against=True)
async def retry(
    context: Context,
    ids: Annotated[list[str] | None, typer.Argument(help="As `list` shows them.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that wait.")] = False,
) -> None:
    """Publish refused events again, each under a new number. However often, each counts once."""
    if bool(ids) == everything:
        raise CommandFailed("say which events to publish again", hint="name their ids, or --all")
    retried = msgspec.json.decode(await run_order_api(context.target().database_url, "outbox-retry", *(ids or ())))
    context.result({"retried": retried}, f"{len(retried):,} events are in the outbox again")


def table(letters: list[dict[str, Any]]) -> Table | str:
    """The events as lines to read."""
    if not letters:
        return "Kafka has refused no event"
    shown = Table("id", "refused", "event", "account", "reason", box=None, pad_edge=False, header_style="bold")
    for letter in letters:
        shown.add_row(
            letter["id"], letter["refused_at"], letter["event_type"], str(letter["account_id"]), Text(letter["reason"])
        )
    return shown
