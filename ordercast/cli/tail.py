"""`ordercast tail`: events as they come from Kafka."""

import asyncio
import json
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.text import Text

from ordercast.cli.options import Context, command, one_command, printable
from ordercast.client.kafka import KafkaUnavailable
from ordercast.reading.tail import TailedEvent
from ordercast.reading.tail import tail as follow

app = one_command()

TOPICS: Final = ("orders", "views", "models", "dead-letters")


@app.command()
@command(expected=(KafkaUnavailable,), against=True)
async def tail(
    context: Context,
    topics: Annotated[list[str] | None, typer.Argument(help="[default: all]", show_default=False)] = None,
    from_start: Annotated[bool, typer.Option("--from-start", help="First the events that are there.")] = False,
    limit: Annotated[
        int | None, typer.Option("--limit", "-n", min=1, help="End after so many events.", show_default=False)
    ] = None,
) -> None:
    """Show events as they come, until Ctrl-C. With --json each is a line of JSON."""
    shown = 0
    try:
        async for event in follow(context.target().kafka_bootstrap, topics or TOPICS, from_start=from_start):
            context.result(asdict(event), line(event))
            shown += 1
            if shown == limit:
                return
    except asyncio.CancelledError:  # Ctrl-C is how it is meant to end
        return


def line(event: TailedEvent) -> Text:
    """The event as one line, whatever its writer put into it."""
    kind = event.type.removeprefix("ordercast.")
    data = event.data if isinstance(event.data, str) else json.dumps(event.data, separators=(",", ":"))
    time, kind, data = (printable(part).replace("\n", "\\n") for part in (event.time, kind, data))
    return Text.assemble(
        (f"{time}  ", "dim"),
        (f"{event.topic}/{event.partition}@{event.offset}  ", "cyan"),
        (f"{kind}  ", "bold"),
        data,
    )
