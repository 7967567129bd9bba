"""Keeps the metric of webhooks that were paused because they failed for long."""

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

_PAUSED: Final = (
    select(func.count()).select_from(Webhook).where(Webhook.paused_at.is_not(None), Webhook.failing_since.is_not(None))
)


async def measure_webhooks(sessions: Sessions) -> None:
    async with sessions() as session:
        WEBHOOKS_PAUSED.set(float((await session.execute(_PAUSED)).scalar_one()))


async def watch_webhooks(sessions: Sessions, stopping: asyncio.Event) -> None:
    """Measures until `stopping` is set, whatever happens."""
    while not stopping.is_set():
        try:
            await measure_webhooks(sessions)
        except Exception as error:
            log.warning("nobody counts webhooks that pause", cause=first_line(error))
        await pause(stopping, INTERVAL_S)
