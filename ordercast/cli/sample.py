"""`ordercast sample`: the recipe's sample data, sent as clients would."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, date, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import Annotated, Final, Literal

import msgspec
import typer
from rich.console import Console

from ordercast.cli.options import CommandFailed, Context, command, one_command
from ordercast.progress import bars
from ordercast.sample.make_sample import Mode, make_sample
from ordercast.sample.market.make_market import make_market
from ordercast.sample.market.parameters import write_market
from ordercast.sample.market.post_market import PostedMarket, end_of, market_totals, post_market
from ordercast.sample.market.simulate import simulate
from ordercast.sample.post_sample import OrderFailure, PostedSample, post_sample, totals
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = one_command()

FAILURES_SHOWN: Final = 10
OUT: Final = Path("out")


@app.command()
@command(expected=(*SYSTEM_ERRORS, OSError), against=True)
async def sample(
    context: Context,
    mode: Annotated[
        Literal["uniform", "signal", "market"],
        typer.Option(
            help="uniform: views say nothing of quantity; signal: quantity follows views; market: a shop's year, simulated."
        ),
    ],
    seed: Annotated[int, typer.Option(help="The same seed makes the same sample.")] = 1,
    orders: Annotated[
        int | None,
        typer.Option(
            min=0, help="How many, not of a market; if not given, 10,000 uniform and 4,000 signal.", show_default=False
        ),
    ] = None,
    until: Annotated[
        datetime | None,
        typer.Option(
            formats=["%Y-%m-%d"],
            help="The day (UTC) before which a market's year ends; if not given, as that with this seed, or today.",
            show_default=False,
        ),
    ] = None,
    parameters: Annotated[
        Path | None,
        typer.Option(
            help="Where what is true of a market goes, as JSON; out/market_SEED.json if not given.", show_default=False
        ),
    ] = None,
) -> None:
    """Send the sample data. The same sample sent again within a day adds nothing.

    Of uniform and signal, accounts sign up, an admin registers products, views and orders are posted; exit code 1 if the API
    refused an order.

    A market is imported as a shop's history is: products, views and carts, then orders, some of them cancelled. It adds nothing,
    whenever it is sent again with the same --until.
    """
    if mode == "market":
        if orders is not None:
            raise CommandFailed("a market has no --orders", hint="they follow from its seed; leave the option out")
        file = parameters or OUT / f"market_{seed}.json"
        await _send_market(context, seed, until.date() if until else None, file)
    elif until or parameters:
        raise CommandFailed(f"{mode} has neither --until nor --parameters", hint="they belong to --mode market")
    else:
        await _send_sample(context, mode, seed, orders)


async def _send_sample(context: Context, mode: Mode, seed: int, orders: int | None) -> None:
    made = make_sample(mode, seed, orders=orders)
    target = context.target()
    async with open_access(target) as access:
        with bars(context.console, totals(made)) as progress:
            posted = await post_sample(
                access.anonymous,
                access.admin,
                made,
                password=target.sample_password(),
                advance=progress.advance,
            )
    context.result(asdict(posted), _summary(posted))
    if posted.failures:
        _report_failures(context.console, posted.failures)
        raise typer.Exit(1)


async def _send_market(context: Context, seed: int, until: date | None, file: Path) -> None:
    """Without an end it has that of the market which is there under the seed, or today."""
    today = datetime.now(UTC).date()
    if seed < 0:
        raise CommandFailed("the seed of a market cannot be negative", hint="choose a number from 0")
    if until and until > today:
        raise CommandFailed(f"a year that ends before {until} is not over", hint="choose a day up to today")
    market = make_market(seed, until or today)
    async with open_access(context.target()) as access:
        if until is None:
            market = make_market(seed, await end_of(access.admin, simulate(market)) or today)
        _expect_room_beside(file)
        history = simulate(market)
        with bars(context.console, market_totals(history)) as progress:
            posted = await post_market(access.admin, history, advance=progress.advance)
    write_market(file, market)  # not before: of a market with another end that is there, it holds what is true
    context.result({**msgspec.to_builtins(posted), "parameters": str(file)}, _market_summary(posted, file))


def _expect_room_beside(file: Path) -> None:
    """Before half a minute of sending, not after it. Raises OSError if nothing can be written there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=file.parent):
        pass


def _market_summary(posted: PostedMarket, file: Path) -> str:
    return (
        f"{posted.products} products, {posted.views:,} views and carts, {posted.orders:,} orders added"
        f" ({posted.orders_repeated:,} orders were there); what is true of the market: {file}"
    )


def _summary(posted: PostedSample) -> str:
    return (
        f"{_named('accounts', posted.account_ids)}, {_named('products', posted.product_ids)}, views of {posted.views:,} pairs, "
        f"{posted.orders:,} orders; {len(posted.failures)} orders refused"
    )


def _named(what: str, ids: Sequence[int]) -> str:
    """How many, and which, to ask for predictions of."""
    return f"{len(ids)} {what} ({min(ids)} to {max(ids)})" if ids else f"0 {what}"


def _report_failures(console: Console, failures: Sequence[OrderFailure]) -> None:
    """The first few refused orders with their reasons."""
    for failure in failures[:FAILURES_SHOWN]:
        console.print(f"order {failure.number}: {failure.reason}", markup=False)
    if len(failures) > FAILURES_SHOWN:
        console.print(f"... and {len(failures) - FAILURES_SHOWN:,} more")
