"""Whether the feature table holds what was acknowledged: its positions against the orders in PostgreSQL and the views in Kafka."""

import asyncio
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

import asyncpg

from ordercast.client.database import snapshot

# Time (s) between two looks.
POLL_S: Final = 0.25

# How many events of each shard are committed and how many of them the table holds, in one look. An order's event is numbered
# in the order's own transaction, so equal numbers mean that every order of this moment is in the table of this moment. Shard
# by shard: a number that nobody has given must not make up for what another shard lacks. Where numbers are missing and the last one
# was seen, no more is to be waited for.
BEHIND_SQL: Final = """
    SELECT coalesce(sum(greatest(0, s.last_number - greatest(
        coalesce(f.last_sequence, 0),
        (SELECT max(least(a.last_sequence, s.last_number)) FROM feature_sequences_ahead a
            WHERE (a.topic, a.producer, a.partition) = ('orders', 'outbox', s.shard) AND a.first_sequence <= s.last_number)
    ))), 0)::bigint
    FROM outbox_shards s LEFT JOIN feature_last_sequences f
        ON f.topic = 'orders' AND f.producer = 'outbox' AND f.partition = s.shard
"""
VIEW_POSITIONS_SQL: Final = "SELECT partition, next_offset FROM feature_positions WHERE topic = 'views'"


class NotCaughtUp(Exception):
    """The feature table is still behind the orders and views."""


@asynccontextmanager
async def caught_up_snapshot(
    database_url: str, view_ends: Mapping[int, int], *, wait_s: float, application: str
) -> AsyncIterator[asyncpg.Connection]:
    """A snapshot in which the table holds every order, and the views of each partition up to these offsets.

    Raises:
        NotCaughtUp: the table is still behind after `wait_s`; the message says by how many events.
        DatabaseUnavailable: PostgreSQL does not answer.
    """
    give_up_at = time.monotonic() + wait_s
    while True:
        async with snapshot(database_url, application=application) as connection:
            orders = int(await connection.fetchval(BEHIND_SQL))
            positions = await view_positions(connection)
            views = sum(max(0, end - positions.get(number, 0)) for number, end in view_ends.items())
            if orders == views == 0:
                yield connection
                return
        if time.monotonic() > give_up_at:
            raise NotCaughtUp(f"the feature table is behind by {orders:,} events of orders and {views:,} of views")
        await asyncio.sleep(POLL_S)


async def view_positions(connection: asyncpg.Connection) -> dict[int, int]:
    """For each partition of `views` the offset up to which the feature table holds it."""
    return {int(row["partition"]): int(row["next_offset"]) for row in await connection.fetch(VIEW_POSITIONS_SQL)}
