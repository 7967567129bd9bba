"""Keeps the metrics of the outbox: how many events wait, for how long the oldest one has, how many Kafka refused;
and for how long events of products and accounts wait."""

import asyncio
from typing import Final

from sqlalchemy import text

from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.repeat import repeat
from ordercast.services.shared.telemetry.metrics import (
    OUTBOX_BACKLOG,
    OUTBOX_DEAD_LETTERS,
    OUTBOX_OLDEST,
    STATES_OLDEST,
)

# As often (s) as Prometheus asks by default, at most.
INTERVAL_S: Final = 5.0

# Counters instead of rows: the same small work however long the backlog is.
_BACKLOG: Final = text("""
    SELECT coalesce(sum(s.last_number - coalesce(l.published_number, 0)), 0) AS events,
           coalesce(extract(epoch FROM now() - min(o.committed_at)), 0) AS oldest,
           (SELECT count(*) FROM outbox_dead_letters WHERE discarded_at IS NULL) AS dead_letters,
           (SELECT extract(epoch FROM now() - committed_at) FROM state_outbox ORDER BY id LIMIT 1) AS oldest_state
    FROM outbox_shards s
    LEFT JOIN outbox_leases l USING (shard)
    LEFT JOIN outbox o ON o.shard = s.shard AND o.number = coalesce(l.published_number, 0) + 1
""")


async def measure_backlog(sessions: Sessions) -> None:
    async with sessions() as session:
        row = (await session.execute(_BACKLOG)).one()
    OUTBOX_BACKLOG.set(float(row.events))
    OUTBOX_OLDEST.set(float(row.oldest))
    OUTBOX_DEAD_LETTERS.set(float(row.dead_letters))
    STATES_OLDEST.set(float(row.oldest_state or 0))


async def watch_backlog(sessions: Sessions, stopping: asyncio.Event) -> None:
    """Measures until `stopping` is set."""

    async def measure() -> float:
        await measure_backlog(sessions)
        return INTERVAL_S

    await repeat(measure, stopping, name="watch-backlog")
