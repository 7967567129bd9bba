"""`ordercast demo`: the whole flow on sample data."""

import asyncio
from pathlib import Path
from typing import Annotated, Final

import typer
from rich.console import Console
from rich.text import Text

from ordercast.cli.options import EXIT_INTERRUPTED, CommandFailed, Context, command, one_command
from ordercast.cli.up import cancelled_by_signals
from ordercast.client.caught_up import NotCaughtUp
from ordercast.demo import demo as run
from ordercast.demo import system_against, system_of
from ordercast.demo.story import Story
from ordercast.reading.table_files import TooManyRows
from ordercast.sample.market.make_market import ACCOUNTS
from ordercast.system.access import SYSTEM_ERRORS

app = one_command()

# With fewer, the sample has too few pairs to train a network on.
ORDERS_MIN: Final = 500
# With fewer, the simulated shop has too few orders to judge a model by.
ACCOUNTS_MIN: Final = 100


@app.command()
@command(expected=(*SYSTEM_ERRORS, NotCaughtUp, TooManyRows), against=True)
async def demo(
    context: Context,
    out: Annotated[Path, typer.Option(help="Where the results go.")] = Path("out"),
    seed: Annotated[int, typer.Option(help="Of the sample data.")] = 1,
    orders: Annotated[
        int | None,
        typer.Option(min=ORDERS_MIN, help="Of the uniform sample; 10,000 if not given.", show_default=False),
    ] = None,
    accounts: Annotated[int, typer.Option(min=ACCOUNTS_MIN, help="Of the simulated shop.")] = ACCOUNTS,
) -> None:
    """Show the whole flow: a system starts, clients order and look, features are checked, models trained, asked and judged.

    Exit code 0 only if each step held. A system that runs on the folder already is used and stays. With --against, steps
    that need what was not given are left out, and named. With --json, what was said goes to standard error.
    """
    if out.exists() and not out.is_dir():
        raise CommandFailed(f"{out} is no folder", hint="name another one with --out")
    console = Console(highlight=False, soft_wrap=True)
    told = context.console if context.json else console
    story = Story(context.console, lambda text: told.print(Text(text), soft_wrap=True))
    with cancelled_by_signals():
        try:
            remote = context.remote
            system = (
                system_against(remote, story) if remote else system_of(context.folder, context.port_offset or 0, story)
            )
            async with system as target:
                out.mkdir(parents=True, exist_ok=True)  # where nothing could start, none is left
                shown = await run(target, out, seed, story, orders=orders, accounts=accounts)
        except asyncio.CancelledError:
            raise typer.Exit(EXIT_INTERRUPTED) from None
    if context.json:
        context.result({"out": str(out), "left_out": story.left_out, "seconds": story.took, **shown.standings()}, "")
