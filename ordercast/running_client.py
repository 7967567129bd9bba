"""The life of a client of aiokafka: started, or given up by a deadline, and stopped. Harder than it looks (aiokafka 0.14)."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer

# `stop()` hangs while the broker is down, and so may a start that is not wanted any more: they get this long (s).
STOP_DEADLINE_S: Final = 2.0


@asynccontextmanager
async def running(client: AIOKafkaConsumer | AIOKafkaProducer, *, start_deadline_s: float) -> AsyncIterator[None]:
    """Starts the client and stops it at the end, also after a start that failed or was cancelled half-way.

    Raises:
        TimeoutError: it has not started by `start_deadline_s`.
        aiokafka.errors.KafkaError, OSError: what its start raises.
    """
    # In a task of its own, which is not cancelled: a cancelled start leaves its first connection open (`bootstrap()` closes it
    # after Kafka's errors only).
    starting = asyncio.create_task(client.start(), name="start-kafka-client")
    try:
        try:
            async with asyncio.timeout(start_deadline_s):
                await asyncio.shield(starting)
        finally:
            await _end(starting)
        yield
    finally:
        await _stop(client)


async def _stop(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    # In tasks of their own: with the broker gone, `stop()` awaits tasks that it has cancelled and lets their CancelledError out
    # (aiokafka issue 647), which would silently end whoever awaits it. Either way it may end before it has hung up.
    await _end(asyncio.create_task(client.stop(), name="stop-kafka-client"))
    connections = client.client if isinstance(client, AIOKafkaProducer) else client._client
    await _end(asyncio.create_task(connections.close(), name="hang-up-kafka-client"))


async def _end(task: asyncio.Task[Any]) -> None:
    """Waits for the task, at most until the deadline; how it ended is of no interest."""
    try:
        await asyncio.wait({task}, timeout=STOP_DEADLINE_S)
    finally:
        if not task.done():
            task.cancel()
        elif not task.cancelled():
            task.exception()  # seen: an exception that nobody looks at is logged
