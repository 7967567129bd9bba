"""`ordercast features`: the table made anew, and streams of events whose numbers do not add up."""

import asyncio
import getpass
import os
import socket
import sys
from typing import Annotated, Any

import msgspec
import typer
from rich.table import Table
from rich.text import Text

from ordercast.cli.options import CommandFailed, Context, command, printable, several_commands
from ordercast.client.kafka import KafkaUnavailable, ends_of, open_consumer
from ordercast.contracts.topics import ORDERS
from ordercast.system.service_program import run_program

app = several_commands("Look after the feature table.")


@app.command()
@command(expected=(KafkaUnavailable,), against=True)
async def rebuild(context: Context) -> None:
    """Read the topics from the start into a new table beside the live one, compare, and swap. Serving goes on.

    The feature worker's own program does it; its exit code is this command's.
    """
    target = context.target()
    variables = {
        "ORDERCAST_DATABASE_URL": target.database_url,
        "ORDERCAST_KAFKA_BOOTSTRAP": target.kafka_bootstrap,
        "ORDERCAST_PARTITIONS": str(await _partitions(target.kafka_bootstrap)),
    }
    program = (sys.executable, "-P", "-m", "ordercast.services.feature_worker", "rebuild")
    process = await asyncio.create_subprocess_exec(*program, env={**os.environ, **variables})
    try:
        code = await process.wait()
    except asyncio.CancelledError:  # the program hears Ctrl-C, too; nothing is changed before its last step
        code = await process.wait()
    if code:
        raise typer.Exit(code)


@app.command()
@command(against=True)
async def resume(
    context: Context,
    stream: Annotated[
        str | None,
        typer.Option(help="As /readyz of the worker and --dry-run name it, such as outbox.", show_default=False),
    ] = None,
    partition: Annotated[int | None, typer.Option(min=0, help="All, if not given.", show_default=False)] = None,
    reason: Annotated[str, typer.Option(help="Kept with the repair.", show_default=False)] = "",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only tell what would be done, of all streams or one.")
    ] = False,
) -> None:
    """Repair a stream in which numbers are missing, or were seen that the outbox has not given.

    Numbers that nobody has given are forgotten, so that the events that get them count. Missing numbers are told no more; if
    they come after all, they still count. It is kept who did it: `ordercast features repairs`.
    """
    if stream is None and not dry_run:
        raise CommandFailed("say which stream to repair", hint="ordercast features resume --dry-run names them")
    options = [f"--by={_whoever()}", f"--reason={reason}"]
    options += [f"--stream={stream}"] if stream is not None else []
    options += [f"--partition={partition}"] if partition is not None else []
    options += ["--dry-run"] if dry_run else []
    lines = run_program("feature_worker", context.target().database_url, "resume", *options)
    repairs = [msgspec.json.decode(line) async for line in lines]
    context.result(repairs, Text(printable(_told(repairs, is_done=not dry_run))))
    if any(repair["needs_rebuild"] for repair in repairs):
        raise CommandFailed("the last number itself is wrong", hint="ordercast features rebuild")


@app.command()
@command(against=True)
async def repairs(context: Context) -> None:
    """Show the repairs that were made, the newest first: what they did, who made them and why."""
    lines = run_program("feature_worker", context.target().database_url, "repairs")
    made = [msgspec.json.decode(line) async for line in lines]
    context.result(made, _table(made))


def _told(repairs: list[dict[str, Any]], *, is_done: bool) -> str:
    lines: list[str] = []
    for repair in repairs:
        lines.append(repair["problem"])
        if (number := repair["forgotten_above"]) is not None:
            lines.append(f"  numbers above {number} {'are' if is_done else 'would be'} forgotten")
        if (number := repair["missing_up_to"]) is not None:
            lines.append(
                f"  gaps up to {number} {'are' if is_done else 'would be'} told no more; `ordercast verify` says what they cost"
            )
        if repair["needs_rebuild"]:
            lines.append("  `ordercast features rebuild` reads the true last number from the topic")
    return "\n".join(lines) or "the numbers of all streams add up"


def _table(made: list[dict[str, Any]]) -> Table | str:
    if not made:
        return "no stream was repaired"
    shown = Table("repaired", "by", "stream", "what", "reason", box=None, pad_edge=False, header_style="bold")
    for repair in made:
        what = [f"forgotten above {repair['forgotten_above']}"] if repair["forgotten_above"] is not None else []
        what += [f"gaps up to {repair['missing_up_to']} accepted"] if repair["missing_up_to"] is not None else []
        place = f"{repair['topic']}/{repair['partition']} {repair['producer']}"
        cells = (repair["repaired_by"], place, ", ".join(what), repair["reason"])
        shown.add_row(repair["repaired_at"], *(Text(printable(cell)) for cell in cells))
    return shown


def _whoever() -> str:
    """The user who runs the command, and where."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):  # a container's user may have no name
        user = f"uid {os.getuid()}"
    return f"{user}@{socket.gethostname()}"


async def _partitions(bootstrap: str) -> int:
    async with open_consumer(bootstrap) as consumer:
        return len(await ends_of(consumer, [ORDERS.name]))
