"""The steps of the demo that bring data in, check it and write it out."""

import time
from pathlib import Path
from typing import Final

from infra.local.state import StateFolder, SystemInfo
from ordercast.access import Access
from ordercast.database import snapshot
from ordercast.demo.story import StepFailed, Story
from ordercast.export import export
from ordercast.operator_account import sample_password
from ordercast.post_sample import PostedSample, post_sample, totals
from ordercast.progress import bars, steps
from ordercast.sample import Mode, make_sample
from ordercast.verify import verify

ORDERED_PAIRS_SQL: Final = "SELECT count(*) FROM feature_rows WHERE order_count > 0"
DIFFERENCES_TOLD: Final = 5


async def send_sample(access: Access, folder: StateFolder, mode: Mode, seed: int, story: Story) -> PostedSample:
    """Sends a sample, with a bar for each of its parts.

    Raises:
        StepFailed: the API refused an order.
    """
    sample = make_sample(mode, seed)
    began = time.monotonic()
    with bars(story.console, totals(sample)) as progress:
        posted = await post_sample(
            access.anonymous, access.admin, sample, password=sample_password(folder), advance=progress.advance
        )
    story.say(
        f"{len(posted.account_ids)} accounts signed up or logged in, {len(posted.product_ids)} products, views of "
        f"{posted.views:,} pairs and {posted.orders:,} orders, each a transaction of its own: "
        f"{time.monotonic() - began:.1f} s"
    )
    if posted.failures:
        first = posted.failures[0]
        raise StepFailed(f"{len(posted.failures):,} orders were refused, first number {first.number}: {first.reason}")
    return posted


async def check_features(system: SystemInfo, story: Story) -> None:
    """Waits until the feature table has caught up, and compares it with its source.

    Raises:
        StepFailed: they differ.
    """
    with steps(story.console) as progress:
        result = await verify(system.database_url, system.kafka_bootstrap, step=progress.now)
    story.say(
        f"{result.feature_rows:,} feature rows and {result.trend_rows:,} days of products, against "
        f"{result.order_items:,} order items and {result.views:,} view events"
    )
    for difference in result.differences[:DIFFERENCES_TOLD]:
        story.say(str(difference))
    story.say(f"verify: {result.difference_count:,} differences")
    if result.difference_count:
        raise StepFailed("the feature table is not what its source makes of it")


async def write_data_sets(system: SystemInfo, out: Path, story: Story) -> None:
    """Exports the four files.

    Raises:
        StepFailed: the last one holds other rows than the feature table.
    """
    files = await export(system.database_url, out, "xlsx")
    for file in files:
        story.say(f"{file.path}  {file.rows:,} rows")
    async with snapshot(system.database_url, application="ordercast demo") as connection:
        ordered = await connection.fetchval(ORDERED_PAIRS_SQL)
    if files[-1].rows != ordered:
        raise StepFailed(
            f"{files[-1].path.name} has {files[-1].rows:,} rows, the feature table {ordered:,} with an order"
        )
