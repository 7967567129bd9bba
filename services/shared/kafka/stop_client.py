"""Stopping a client of aiokafka, which is harder than it looks."""

import asyncio
from contextlib import suppress
from typing import Final

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import KafkaError as ClientError

# `stop()` hangs while the broker is down: it gets this long (s).
STOP_DEADLINE_S: Final = 2.0


async def stop_client(client: AIOKafkaConsumer | AIOKafkaProducer) -> None:
    """Stops a client, or leaves it after a deadline.

    In a task of its own: with the broker gone, `stop()` awaits tasks that it has cancelled and lets their CancelledError out
    (aiokafka issue 647), which would silently end whoever awaits it.
    """
    stopping = asyncio.create_task(client.stop(), name="stop-kafka-client")
    await asyncio.wait({stopping}, timeout=STOP_DEADLINE_S)
    if not stopping.done():
        stopping.cancel()
        return
    with suppress(ClientError, TimeoutError, OSError, asyncio.CancelledError):
        stopping.result()
