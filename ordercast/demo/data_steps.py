"""The steps of the demo that bring data in, check it and write it out."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Final

from ordercast.client.database import snapshot
from ordercast.client.order_api import OrderApi
from ordercast.demo.story import StepFailed, Story
from ordercast.progress import bars, steps
from ordercast.reading.export import export
from ordercast.sample.make_sample import Mode, make_sample
from ordercast.sample.post_sample import PostedSample, post_sample, totals
from ordercast.system.access import Access
from ordercast.system.target import Target
from ordercast.verify import verify

ORDERED_PAIRS_SQL: Final = "SELECT count(*) FROM feature_rows WHERE order_count > 0"
DIFFERENCES_TOLD: Final = 5
# The feature table follows within a second or two; one that takes so long (s) is stuck.
COUNTED_WITHIN_S: Final = 60.0
# Time (s) between two looks at the trends.
POLL_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class Counted:
    """Of one product."""

    pieces: int
    views: int = 0


async def send_sample(
    access: Access, mode: Mode, seed: int, story: Story, *, orders: int | None = None
) -> PostedSample:
    """Sends a sample, with a bar for each of its parts.

    Raises:
        StepFailed: the API refused an order.
    """
    sample = make_sample(mode, seed, orders=orders)
    began = time.monotonic()
    with bars(story.console, totals(sample)) as progress:
        posted = await post_sample(
            access.anonymous,
            access.admin,
            sample,
            password=access.target.sample_password(),
            advance=progress.advance,
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


async def check_features(target: Target, story: Story) -> None:
    """Waits until the feature table has caught up, and compares it with its source.

    Raises:
        StepFailed: they differ.
        NotGiven: it is read in PostgreSQL and Kafka.
    """
    database_url, kafka_bootstrap = target.database_url, target.kafka_bootstrap
    with steps(story.console) as progress:
        result = await verify(database_url, kafka_bootstrap, step=progress.now)
    story.say(
        f"{result.feature_rows:,} feature rows and {result.trend_rows:,} rows of trends, against "
        f"{result.order_items:,} order items and {result.views:,} view events"
    )
    for difference in result.differences[:DIFFERENCES_TOLD]:
        story.say(str(difference))
    story.say(f"verify: {result.difference_count:,} differences")
    if result.difference_count:
        raise StepFailed("the feature table is not what its source makes of it")


async def until_counted(
    order_api: OrderApi, counted: Mapping[int, Counted], *, first: date | None = None, last: date | None = None
) -> None:
    """Waits until the trends of each product, which are written together with the feature rows, have so much at least.

    They are those of yesterday and today, if no days are given: keyed orders that were sent before are a day old at most.

    Raises:
        StepFailed: they do not after `COUNTED_WITHIN_S`.
    """
    first = first or datetime.now(UTC).date() - timedelta(days=1)
    try:
        async with asyncio.timeout(COUNTED_WITHIN_S):
            for product_id, expected in counted.items():
                while True:
                    days = (await order_api.trends(product_id=product_id, first=first, last=last)).days
                    views = sum(day.views for day in days)
                    if sum(day.quantity for day in days) >= expected.pieces and views >= expected.views:
                        break
                    await asyncio.sleep(POLL_S)
    except TimeoutError:
        raise StepFailed(f"the trends do not count all orders after {COUNTED_WITHIN_S:.0f} s") from None


async def write_data_sets(target: Target, out: Path, story: Story) -> None:
    """Exports the four files.

    Raises:
        StepFailed: the last one holds other rows than the feature table.
        NotGiven: they come out of PostgreSQL.
    """
    files = await export(target.database_url, out, "xlsx")
    for file in files:
        story.say(f"{file.path}  {file.rows:,} rows")
    async with snapshot(target.database_url, application="ordercast demo") as connection:
        ordered = await connection.fetchval(ORDERED_PAIRS_SQL)
    if files[-1].rows != ordered:
        raise StepFailed(
            f"{files[-1].path.name} has {files[-1].rows:,} rows, the feature table {ordered:,} with an order"
        )
