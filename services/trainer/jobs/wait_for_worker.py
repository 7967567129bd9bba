"""Waits until the feature worker has counted what was ordered: a training right after an import would learn from a part of it."""

import asyncio
import time
from collections.abc import Mapping
from typing import Final

import structlog
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from ordercast.contracts.because import because
from ordercast.first_line import first_line
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.unavailable import is_unavailable
from ordercast.services.trainer.errors import WorkerBehind
from ordercast.services.trainer.jobs.lease import Interrupted, Lease

log = structlog.stdlib.get_logger()

# Between two looks (s), each of which renews the lease.
LOOK_EVERY_S: Final = 0.5
# A worker that has counted nothing for so long (s) does not run, or has stopped at something: its watchdog takes half of that.
STALLED_S: Final = 120.0

# The tables are order_api's and the worker's. An order's event is numbered in the order's own transaction, so these numbers are all
# that was acknowledged. Shard by shard: a number that nobody has given must not make up for what another shard lacks. Where
# numbers are missing and the last one was seen, no more is to be waited for.
_GIVEN: Final = text("SELECT shard, last_number FROM outbox_shards")
_BEHIND: Final = text("""
    SELECT coalesce(sum(greatest(0, given.last_number - greatest(
        coalesce(f.last_sequence, 0),
        (SELECT max(least(a.last_sequence, given.last_number)) FROM feature_sequences_ahead a
            WHERE (a.topic, a.producer, a.partition) = ('orders', 'outbox', given.shard)
                AND a.first_sequence <= given.last_number)
    ))), 0)::bigint
    FROM unnest(CAST(:shards AS bigint[]), CAST(:numbers AS bigint[])) AS given (shard, last_number)
    LEFT JOIN feature_last_sequences f
        ON f.topic = 'orders' AND f.producer = 'outbox' AND f.partition = given.shard
""")


async def wait_for_worker(lease: Lease, sessions: Sessions, stopping: asyncio.Event) -> None:
    """Returns when all orders that were acknowledged by now are counted; later ones are not waited for.

    Raises:
        WorkerBehind: the worker counts nothing any more.
        Interrupted: the training was cancelled, the lease is lost, or `stopping` was set.
    """
    given = await _given(sessions)
    behind = least = await _behind(sessions, given)
    if not behind:
        return
    log.info("the training waits for the feature worker", training=str(lease.training.id), events=behind)
    moved_at = time.monotonic()
    while behind:
        await lease.renew([], events_behind=behind)
        if stopping.is_set():
            raise Interrupted("stop")
        if time.monotonic() - moved_at > STALLED_S:
            raise WorkerBehind(
                f"the feature worker is behind by {behind:,} events of orders, and has counted none of them for "
                f"{STALLED_S:.0f} s: look whether it, the relay and Kafka run, then train again",
                because("worker-behind", behind=behind, seconds=STALLED_S),
            )
        await asyncio.sleep(LOOK_EVERY_S)
        seen = await _seen(sessions, given)
        behind = behind if seen is None else seen
        if seen is None or behind < least:  # without the database the worker counts nothing either
            least, moved_at = behind, time.monotonic()
    await lease.renew([])


async def _given(sessions: Sessions) -> Mapping[int, int]:
    """The last number of each shard."""
    async with sessions() as session:
        return {row.shard: row.last_number for row in await session.execute(_GIVEN)}


async def _behind(sessions: Sessions, given: Mapping[int, int]) -> int:
    """Events up to these numbers that are not counted yet."""
    async with sessions() as session:
        numbers = {"shards": list(given), "numbers": list(given.values())}
        return int((await session.execute(_BEHIND, numbers)).scalar_one())


async def _seen(sessions: Sessions, given: Mapping[int, int]) -> int | None:
    """The same; None while the database is away."""
    try:
        return await _behind(sessions, given)
    except (SQLAlchemyError, OSError) as error:
        if not is_unavailable(error):
            raise
        log.warning("waiting for the database", cause=first_line(error), work="wait-for-worker")
        return None
