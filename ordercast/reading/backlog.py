"""How far behind a system is, and what waits for somebody to look at it."""

import asyncio
from dataclasses import dataclass
from typing import Final

import asyncpg

from ordercast.client.caught_up import view_positions
from ordercast.client.database import DatabaseUnavailable, snapshot
from ordercast.client.kafka import KafkaUnavailable, ends_of, open_consumer
from ordercast.contracts.topics import VIEWS

# Numbers of each shard: given with the order, published, and counted in the feature table. A replay of a dead letter of the worker
# has a stream of its own, which is at 0 until it has come.
NUMBERS_SQL: Final = """
    SELECT coalesce(sum(s.last_number - coalesce(l.published_number, 0)), 0)::bigint AS unpublished,
        coalesce(sum(greatest(0, coalesce(l.published_number, 0) - greatest(coalesce(f.last_sequence, 0), (
            SELECT max(a.last_sequence) FROM feature_sequences_ahead a
            WHERE (a.topic, a.producer, a.partition) = ('orders', 'outbox', s.shard) AND a.last_sequence <= s.last_number
        )))), 0)::bigint AS unapplied,
        (SELECT count(*) FROM feature_last_sequences WHERE producer LIKE 'replay:%' AND last_sequence = 0) AS worker_dead_letters,
        (SELECT count(*) FROM outbox_dead_letters WHERE discarded_at IS NULL) AS outbox_dead_letters
    FROM outbox_shards s LEFT JOIN outbox_leases l USING (shard) LEFT JOIN feature_last_sequences f
        ON f.topic = 'orders' AND f.producer = 'outbox' AND f.partition = s.shard
"""


@dataclass(frozen=True, slots=True)
class Backlog:
    """Numbers of events; None where PostgreSQL, or for views Kafka, does not tell."""

    outbox_backlog_events: int | None = None
    consumer_lag_events: int | None = None
    dead_letters_waiting: int | None = None
    outbox_dead_letters_waiting: int | None = None


async def read_backlog(database_url: str | None, kafka_bootstrap: str | None, *, deadline_s: float) -> Backlog:
    """What PostgreSQL and Kafka tell within a deadline. An address that is None is not asked."""
    if database_url is None:
        return Backlog()
    view_ends = await _view_ends(kafka_bootstrap, deadline_s) if kafka_bootstrap else None
    try:
        async with asyncio.timeout(deadline_s), snapshot(database_url, application="ordercast status") as connection:
            row = await connection.fetchrow(NUMBERS_SQL)
            positions = await view_positions(connection)
    except (DatabaseUnavailable, TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return Backlog()
    views = None if view_ends is None else sum(end - positions.get(number, 0) for number, end in view_ends.items())
    return Backlog(
        row["unpublished"],
        None if views is None else max(0, row["unapplied"] + views),  # the ends were read a moment earlier
        row["worker_dead_letters"],
        row["outbox_dead_letters"],
    )


async def _view_ends(bootstrap: str, deadline_s: float) -> dict[int, int] | None:
    try:
        async with asyncio.timeout(deadline_s), open_consumer(bootstrap) as consumer:
            return {partition.partition: end for partition, end in (await ends_of(consumer, [VIEWS.name])).items()}
    except (KafkaUnavailable, TimeoutError):
        return None
