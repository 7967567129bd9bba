"""`ordercast sample`: the recipe's sample data, sent as clients would."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Annotated, Final

import typer
from rich.console import Console

from ordercast.cli.options import Context, command, one_command
from ordercast.progress import bars
from ordercast.sample.make_sample import Mode, make_sample
from ordercast.sample.post_sample import OrderFailure, PostedSample, post_sample, totals
from ordercast.system.access import SYSTEM_ERRORS, open_access

app = one_command()

FAILURES_SHOWN: Final = 10


@app.command()
@command(expected=SYSTEM_ERRORS, against=True)
async def sample(
    context: Context,
    mode: Annotated[Mode, typer.Option(help="uniform: views say nothing of quantity; signal: quantity follows views.")],
    seed: Annotated[int, typer.Option(help="The same seed makes the same sample.")] = 1,
    orders: Annotated[
        int | None, typer.Option(min=0, help="How many.  [default: 10000 uniform, 4000 signal]", show_default=False)
    ] = None,
) -> None:
    """Send the sample data: accounts sign up, an admin registers products, views and orders are posted.

    The same sample sent again within a day adds nothing. Exit code 1 if the API refused an order.
    """
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
