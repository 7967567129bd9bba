"""`ordercast demo`: the whole flow on sample data."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from ordercast.access import SYSTEM_ERRORS
from ordercast.cli.options import Context, command, one_command
from ordercast.cli.up import EXIT_INTERRUPTED, cancelled_by_signals
from ordercast.demo import demo as run
from ordercast.demo.story import Story
from ordercast.table_files import TooManyRows
from ordercast.verify import NotCaughtUp

app = one_command()


@app.command()
@command(expected=(*SYSTEM_ERRORS, NotCaughtUp, TooManyRows))
async def demo(
    context: Context,
    out: Annotated[Path, typer.Option(help="Where the results go.")] = Path("out"),
    seed: Annotated[int, typer.Option(help="Of the sample data.")] = 1,
) -> None:
    """Show the whole flow: a system starts, clients order and look, features are checked, models trained and asked.

    Exit code 0 only if each step held. A system that runs on the folder already is used and stays.
    """
    out.mkdir(parents=True, exist_ok=True)
    console = Console(highlight=False, soft_wrap=True)
    story = Story(context.console, lambda text: console.print(Text(text)))
    with cancelled_by_signals():
        try:
            await run(context.folder, context.port_offset or 0, out, seed, story)
        except asyncio.CancelledError:
            raise typer.Exit(EXIT_INTERRUPTED) from None
