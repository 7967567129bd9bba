"""`ordercast outbox`: events of orders that Kafka refused for good, and publishing them again after a repair."""

from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from ordercast.cli.options import CommandFailed, Context, command, printable, several_commands
from ordercast.system.service_program import run_program

app = several_commands("Events of orders that Kafka refused.")


@app.command(name="list")
@command(against=True)
async def list_(context: Context) -> None:
    """Show each refused event with Kafka's reason."""
    lines = run_program("order_api", context.target().database_url, "outbox-list")
    dead_letters = [msgspec.json.decode(line) async for line in lines]
    context.result(dead_letters, table(dead_letters))


@app.command()
@command(against=True)
async def retry(
    context: Context,
    ids: Annotated[list[str] | None, typer.Argument(help="As `list` shows them.", show_default=False)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All that wait; not those that were discarded.")] = False,
) -> None:
    """Publish refused events again, each under a new number. However often, each counts once."""
    if bool(ids) == everything:
        raise CommandFailed("say which events to publish again", hint="name either their ids or --all")
    retried: list[str] = []
    async for line in run_program("order_api", context.target().database_url, "outbox-retry", *(ids or ())):
        retried += msgspec.json.decode(line, type=list[str])
        context.report(f"{len(retried):,} events so far")
    context.result({"retried": retried}, f"{len(retried):,} events are in the outbox again")


@app.command()
@command(against=True)
async def discard(
    context: Context, ids: Annotated[list[str], typer.Argument(help="As `list` shows them.", show_default=False)]
) -> None:
    """Never publish these events: features and predictions go without them. `retry` with their ids takes it back."""
    discarded: list[str] = []
    async for line in run_program("order_api", context.target().database_url, "outbox-discard", *ids):
        discarded += msgspec.json.decode(line, type=list[str])
    context.result({"discarded": discarded}, f"{len(discarded):,} events wait no longer")


def table(dead_letters: list[dict[str, Any]]) -> Table | str:
    """The events as lines to read."""
    if not dead_letters:
        return "Kafka has refused no event"
    shown = Table("id", "state", "refused", "event", "account", "reason", box=None, pad_edge=False, header_style="bold")
    for dead_letter in dead_letters:
        shown.add_row(
            dead_letter["id"],
            "discarded" if dead_letter["discarded_at"] else "waiting",
            *(dead_letter["refused_at"], dead_letter["event_type"], str(dead_letter["account_id"])),
            Text(printable(dead_letter["reason"])),
        )
    return shown
