"""What webhooks do again and again beside the relay of orders, which nothing of theirs may end.

What PostgreSQL and Kafka fail at, and what others do meanwhile (`Transient`), is tried again. So is what fails by an error of this
code: it is told whole, and counted as the rest, so that `WebhooksStand` says when it lasts.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

import structlog

from ordercast.first_line import first_line
from ordercast.services.order_api.errors import Transient
from ordercast.services.shared.db.unavailable import is_unavailable
from ordercast.services.shared.kafka.errors import KafkaError
from ordercast.services.shared.process.pause import pause
from ordercast.services.shared.telemetry.metrics import WEBHOOK_FAILURES

log = structlog.stdlib.get_logger()

# After a try that failed (s).
RETRY_S: Final = 5.0


async def keep_going(work: Callable[[], Awaitable[float]], stopping: asyncio.Event, *, name: str) -> None:
    """Does `work` until `stopping` is set, with a pause of as many seconds as it returns after each time."""
    WEBHOOK_FAILURES.labels(name)  # 0 before the first one, or it would be no increase
    while not stopping.is_set():
        try:
            seconds = await work()
        except Exception as error:
            tell(error, name)
            seconds = RETRY_S
        await pause(stopping, seconds)


def tell(error: Exception, name: str) -> None:
    """That a try failed, which will be made again."""
    WEBHOOK_FAILURES.labels(name).inc()
    if isinstance(error, KafkaError | Transient) or is_unavailable(error):
        log.warning("webhooks wait", work=name, cause=first_line(error), kind=type(error).__name__)
    else:
        log.error("webhooks wait: an error of the program", work=name, exc_info=error)
