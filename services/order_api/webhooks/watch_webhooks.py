"""Keeps the metric of webhooks that pause though nobody asked for it."""

import asyncio
from functools import partial
from typing import Final

from sqlalchemy import func, select

from ordercast.services.order_api.webhooks.keep_going import keep_going
from ordercast.services.order_api.webhooks.tables import Webhook
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.telemetry.metrics import WEBHOOKS_PAUSED

# As often (s) as Prometheus asks by default, at most.
INTERVAL_S: Final = 5.0

REASONS: Final = ("FAILING", "MAKER")
_PAUSED: Final = select(Webhook.pause_reason, func.count()).group_by(Webhook.pause_reason)


async def measure_webhooks(sessions: Sessions) -> float:
    """Seconds until it is of use again."""
    async with sessions() as session:
        paused = {reason: count for reason, count, *_ in await session.execute(_PAUSED)}
    for reason in REASONS:
        WEBHOOKS_PAUSED.labels(reason.lower()).set(paused.get(reason, 0))
    return INTERVAL_S


async def watch_webhooks(sessions: Sessions, stopping: asyncio.Event) -> None:
    """Until `stopping` is set."""
    await keep_going(partial(measure_webhooks, sessions), stopping, name="watch")
