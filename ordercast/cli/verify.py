"""`ordercast verify`: the feature table against its source data."""

from dataclasses import asdict
from typing import Annotated

import typer
from rich.text import Text

from ordercast.cli.options import Context, command, one_command
from ordercast.client.caught_up import NotCaughtUp
from ordercast.progress import steps
from ordercast.system.access import SYSTEM_ERRORS
from ordercast.verify import Verification
from ordercast.verify import verify as compare

app = one_command()


@app.command()
@command(expected=(*SYSTEM_ERRORS, NotCaughtUp), against=True)
async def verify(
    context: Context,
    wait: Annotated[float, typer.Option(min=0, help="Seconds that the feature table may take to catch up.")] = 60.0,
) -> None:
    """Compute the worker's tables anew from orders, views and predictions, and compare every field.

    The last events of products and accounts are compared with what these are. Exit code 1 and the rows, if there are differences.
    It may run while orders and views come in.
    """
    target = context.target()
    with steps(context.console) as progress:
        result = await compare(target.reading_url, target.kafka_bootstrap, wait_s=wait, step=progress.now)
    context.result(asdict(result), Text(text(result)))
    if result.difference_count:
        raise typer.Exit(1)


def text(result: Verification) -> str:
    lines = [
        f"compared {result.feature_rows:,} feature rows, {result.trend_rows:,} rows of trends and {result.activity_rows:,} of "
        f"activity by day with {result.order_items:,} order items, {result.views:,} views and {result.carts:,} carts, and "
        f"{result.predictions:,} predictions; the last events of {result.products:,} products and {result.accounts:,} accounts "
        "with what these are"
    ]
    if result.repeated_views:
        lines.append(f"{result.repeated_views:,} views lie in Kafka more than once and count once")
    if result.unreadable_records:
        lines.append(f"{result.unreadable_records:,} records in Kafka are no events: ordercast dead-letters list")
    if result.unreadable_states:
        lines.append(
            f"{result.unreadable_states:,} records in the topics products and accounts are no events: readers skip them"
        )
    lines += map(str, result.differences)
    if result.difference_count > len(result.differences):
        lines.append(f"... and {result.difference_count - len(result.differences):,} more")
    return "\n".join([*lines, f"verify: {result.difference_count:,} differences"])
