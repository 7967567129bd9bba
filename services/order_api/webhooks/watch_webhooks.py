"""Keeps the metric of webhooks that pause though nobody asked for it."""

import asyncio
from typing import Final

import structlog
from sqlalchemy import func, select

from ordercast.first_line import first_line
from ordercast.services.order_api.webhooks.tables import Webhook
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.process.pause import pause
from ordercast.services.shared.telemetry.metrics import WEBHOOKS_PAUSED

log = structlog.stdlib.get_logger()

# As often (s) as Prometheus asks by default, at most.
INTERVAL_S: Final = 5.0

REASONS: Final = ("FAILING", "MAKER")
_PAUSED: Final = select(Webhook.pause_reason, func.count()).group_by(Webhook.pause_reason)


async def measure_webhooks(sessions: Sessions) -> None:
    async with sessions() as session:
        paused = {reason: count for reason, count, *_ in await session.execute(_PAUSED)}
    for reason in REASONS:
        WEBHOOKS_PAUSED.labels(reason.lower()).set(paused.get(reason, 0))


async def watch_webhooks(sessions: Sessions, stopping: asyncio.Event) -> None:
    """Measures until `stopping` is set, whatever happens."""
    while not stopping.is_set():
        try:
            await measure_webhooks(sessions)
        except Exception as error:
            log.warning("nobody counts webhooks that pause", cause=first_line(error))
        await pause(stopping, INTERVAL_S)
