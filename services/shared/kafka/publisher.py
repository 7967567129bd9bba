"""Publishing to one partition of Kafka, in order, acknowledged by all replicas."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError as ClientError
from aiokafka.errors import MessageSizeTooLargeError

from ordercast.first_line import first_line
from ordercast.services.shared.kafka.errors import BrokerUnavailable, RecordTooLarge
from ordercast.services.shared.kafka.records import Record
from ordercast.services.shared.kafka.stop_client import stop_client

# One request's worth of records (bytes), below the broker's message.max.bytes (1 MiB by default) with its overhead.
MAX_BATCH_BYTES: Final = 900_000
# A broker that has not acknowledged a batch by then (s) counts as gone; the client itself would wait for ever.
PUBLISH_DEADLINE_S: Final = 10.0


class KafkaPublisher:
    """Publishes through one aiokafka producer (idempotent, acks=all)."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        rest = list(records)
        while rest:
            batch = self._producer.create_batch()
            taken = 0
            for record in rest:
                if not _append(batch, record):
                    break
                taken += 1
            if taken == 0:
                raise RecordTooLarge(f"a record of {len(rest[0].value or b'')} bytes is more than {topic} takes")
            await self._send(batch, topic, partition)
            del rest[:taken]

    async def ask_broker(self) -> None:
        if not await self._producer.client.force_metadata_update():
            raise BrokerUnavailable("no broker answers")

    async def _send(self, batch: Any, topic: str, partition: int) -> None:
        try:
            async with asyncio.timeout(PUBLISH_DEADLINE_S):
                await (await self._producer.send_batch(batch, topic, partition=partition))
        except MessageSizeTooLargeError as error:
            raise RecordTooLarge(f"the broker refused a record of {topic} as too large") from error
        except (ClientError, TimeoutError, OSError) as error:
            raise BrokerUnavailable(f"{topic}/{partition}: {error or type(error).__name__}") from error


def _append(batch: Any, record: Record) -> bool:
    metadata = batch.append(key=record.key, value=record.value, timestamp=record.timestamp_ms, headers=record.headers)
    return metadata is not None


@asynccontextmanager
async def open_publisher(bootstrap: str, *, client_id: str) -> AsyncIterator[KafkaPublisher]:
    """A connected publisher.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`.
    """
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        max_batch_size=MAX_BATCH_BYTES,
        max_request_size=MAX_BATCH_BYTES + 100_000,
        request_timeout_ms=int(PUBLISH_DEADLINE_S * 1000),
    )
    try:
        try:
            async with asyncio.timeout(PUBLISH_DEADLINE_S):
                await producer.start()
        except (ClientError, TimeoutError, OSError) as error:
            raise BrokerUnavailable(f"no Kafka broker answers at {bootstrap}: {first_line(error)}") from error
        yield KafkaPublisher(producer)
    finally:
        # Also after a start that was cancelled half-way: its connections and tasks are there already.
        await stop_client(producer)
