"""`ordercast listen`: events on their way to a program that speaks HTTP."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from ordercast.cli.feed_options import Limit, Since, Types, following, parse_since
from ordercast.cli.options import Context, command, one_command, printable
from ordercast.reading.forward_events import PositionFile, open_forward
from ordercast.system.access import SYSTEM_ERRORS

app = one_command()


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def listen(
    context: Context,
    forward_to: Annotated[
        str, typer.Option("--forward-to", metavar="URL", help="Where each is POSTed to, as a CloudEvent in JSON.")
    ],
    types: Types = None,
    since: Since = None,
    position: Annotated[
        Path | None,
        typer.Option(
            "--position",
            metavar="FILE",
            help="Keeps how far it is: started again with the same file, it goes on from there.",
            show_default=False,
        ),
    ] = None,
    retry_for: Annotated[
        float,
        typer.Option("--retry-for", metavar="SECONDS", min=0, help="How long one that is not taken is tried again."),
    ] = 300.0,
    limit: Limit = None,
) -> None:
    """Send events on to a URL as they come, one after the other, until Ctrl-C.

    What answers with 5xx, 408, 425 or 429, or not at all, gets the event again; any other error ends the command. An event whose
    answer was lost comes twice, with the same id.
    """
    file = PositionFile(position) if position is not None else None
    last_id = file.read() if file else None
    try:
        async with (
            open_forward(forward_to, retry_for_s=retry_for, report=_said(context)) as forward,
            following(context, types=types, since=parse_since(since), last_id=last_id) as events,
        ):
            sent = 0
            async for followed in events:
                event = followed.event
                status = await forward(event) if event is not None else None
                if file is not None:
                    file.write(followed.id)
                if event is not None:
                    context.result(
                        {"status": status, "type": event["type"], "id": event["id"]},
                        f"{status}  {event['type'].removeprefix('ordercast.')}  {event['id']}",
                    )
                    sent += 1
                if sent == limit:
                    return
    except asyncio.CancelledError:  # Ctrl-C is how it is meant to end
        return


def _said(context: Context) -> Callable[[str], None]:
    """What others wrote must not steer the terminal."""
    return lambda line: context.report(Text(printable(line)))
