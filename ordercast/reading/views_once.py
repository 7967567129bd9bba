"""The views that lie in Kafka, each once, with the names of their accounts and products.

They go through the disk in slices by product, as in `ordercast verify`, so that memory does not grow with them.
"""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import asyncpg

from ordercast.client.caught_up import view_positions
from ordercast.client.database import SLICE_ROWS
from ordercast.verify import spool as kinds
from ordercast.verify.event_topics import open_view_topic
from ordercast.verify.recompute import without_carts, without_repeats
from ordercast.verify.spool import Spool, slices_for

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
ACCOUNTS_SQL: Final = "SELECT id, account_ref FROM accounts WHERE id = ANY ($1)"
PRODUCTS_SQL: Final = "SELECT id, sku, name FROM products WHERE id = ANY ($1)"


async def views_once(connection: asyncpg.Connection, kafka_bootstrap: str) -> AsyncIterator[Sequence[Sequence[Any]]]:
    """Rows of `data_sets.VIEWS`, a slice at a time: the views that the feature table of the connection's moment counts.

    Raises:
        KafkaUnavailable: the broker does not answer, or went away.
    """
    positions = await view_positions(connection)
    with TemporaryDirectory(prefix="ordercast-export-") as folder:
        number_of_slices = slices_for(sum(positions.values()))
        with Spool(Path(folder), "views", kinds.VIEWS, number_of_slices) as spool:
            async with open_view_topic(kafka_bootstrap) as topic:
                async for views in topic.read(positions):
                    spool.add(views)
        for number in range(number_of_slices):
            once = without_carts(without_repeats(spool.frame(number)))
            frame = once.drop(columns="is_cart").sort_values(["viewed_at", "event_id"])
            for start in range(0, len(frame), SLICE_ROWS):
                part = frame.iloc[start : start + SLICE_ROWS]
                # Lists hold Python's own numbers, which a sheet and the database know.
                yield await _named(connection, list(zip(*(part[name].tolist() for name in part), strict=True)))


async def _named(connection: asyncpg.Connection, views: Sequence[Sequence[Any]]) -> list[tuple[Any, ...]]:
    accounts = {row[0]: row[1] for row in await connection.fetch(ACCOUNTS_SQL, list({view[0] for view in views}))}
    products = {row[0]: row[1:] for row in await connection.fetch(PRODUCTS_SQL, list({view[1] for view in views}))}
    return [
        (
            event_id,
            account,
            accounts.get(account),
            product,
            *products.get(product, (None, None)),
            count,
            EPOCH + timedelta(microseconds=viewed_at),
        )
        for account, product, event_id, count, viewed_at in views
    ]
