"""Publishing to one partition of Kafka, in order, acknowledged by all replicas."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from typing import Any, Final

from aiokafka import AIOKafkaProducer, TopicPartition
from aiokafka.errors import (
    BrokerResponseError,
    InvalidTimestampError,
    MessageSizeTooLargeError,
    RecordListTooLargeError,
    UnknownTopicOrPartitionError,
    kafka_errors,
)
from aiokafka.errors import KafkaError as ClientError

from ordercast.first_line import first_line
from ordercast.kafka_security import brokers_of, client_arguments
from ordercast.running_client import running
from ordercast.services.shared.kafka.errors import BrokerUnavailable, RecordRefused
from ordercast.services.shared.kafka.records import Record

# One request's worth of records (bytes), below the broker's message.max.bytes (1 MiB by default) with its overhead.
MAX_BATCH_BYTES: Final = 900_000
# A broker that has not acknowledged a batch by then (s) counts as gone; the client itself would wait for ever.
PUBLISH_DEADLINE_S: Final = 10.0


class InvalidRecordError(BrokerResponseError):  # type: ignore[misc]  # aiokafka has no types
    """A record breaks a rule of its topic. aiokafka 0.14 does not know the code, and would tell of an unknown error."""

    errno = 87
    message = "INVALID_RECORD"
    description = "The record breaks a rule of its topic."


kafka_errors.setdefault(InvalidRecordError.errno, InvalidRecordError)

# Answers that lie in the record: it gets them whenever it comes. All others may pass: servers that are away or being moved, a
# batch damaged on its way, and faults of the set-up (rights, a missing topic), which somebody has to put right for every record.
REFUSALS: Final = (InvalidTimestampError, MessageSizeTooLargeError, RecordListTooLargeError, InvalidRecordError)


class KafkaPublisher:
    """Publishes through one aiokafka producer (idempotent, acks=all)."""

    def __init__(self, producer: AIOKafkaProducer) -> None:
        self._producer = producer

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        arrived = 0
        while arrived < len(records):
            batch = self._producer.create_batch()
            end = arrived
            while end < len(records) and _append(batch, records[end]):
                end += 1
            if end == arrived:
                raise RecordRefused(
                    f"the record is larger than the {MAX_BATCH_BYTES} bytes of a batch", arrived=arrived
                )
            try:
                await self._send(batch, topic, partition, end - arrived)
            except REFUSALS as error:
                raise RecordRefused(f"{error.message}: {error.description}", arrived=arrived) from error
            except (ClientError, TimeoutError, OSError) as error:
                reason = f"{topic}/{partition}: {first_line(error)}"
                raise BrokerUnavailable(reason, arrived=arrived) from error
            arrived = end

    async def ask_broker(self) -> None:
        if not await self._producer.client.force_metadata_update():
            raise BrokerUnavailable("no broker answers")

    async def _send(self, batch: Any, topic: str, partition: int, records: int) -> None:
        async with asyncio.timeout(PUBLISH_DEADLINE_S):
            known = await self._producer.partitions_for(topic)  # of the metadata at hand
            if partition not in known:
                raise UnknownTopicOrPartitionError(f"the topic has only the partitions 0 to {max(known, default=-1)}")
            answer = await self._producer.send_batch(batch, topic, partition=partition)
            # Shielded: after the deadline the client still holds the batch, and its refusal may come later.
            answer.add_done_callback(partial(self._forget_refused, TopicPartition(topic, partition), records))
            await asyncio.shield(answer)

    def _forget_refused(self, place: TopicPartition, records: int, answer: "asyncio.Future[Any]") -> None:
        """Sets the client's own numbering back: it has counted the refused records, the broker has not.

        Otherwise the broker would refuse all that comes after them as out of order, until a new producer is made.
        """
        if not answer.cancelled() and isinstance(answer.exception(), REFUSALS):
            self._producer._txn_manager.increment_sequence_number(place, -records)


def _append(batch: Any, record: Record) -> bool:
    metadata = batch.append(key=record.key, value=record.value, timestamp=record.timestamp_ms, headers=record.headers)
    return metadata is not None


@asynccontextmanager
async def open_publisher(bootstrap: str, *, client_id: str, fence: str | None = None) -> AsyncIterator[KafkaPublisher]:
    """A connected publisher. With a `fence`, once it has written to a partition the broker takes nothing there from those of the
    same fence that were opened before, whatever they still hold.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`.
    """
    producer = AIOKafkaProducer(
        client_id=client_id,
        acks="all",
        enable_idempotence=True,
        transactional_id=fence,  # by it the broker knows the producer again, and numbers its openings (epochs)
        max_batch_size=MAX_BATCH_BYTES,
        max_request_size=MAX_BATCH_BYTES + 100_000,
        request_timeout_ms=int(PUBLISH_DEADLINE_S * 1000),
        **client_arguments(bootstrap),
    )
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(running(producer, start_deadline_s=PUBLISH_DEADLINE_S))
        except (ClientError, TimeoutError, OSError) as error:
            raise BrokerUnavailable(
                f"no Kafka broker answers at {brokers_of(bootstrap)}: {first_line(error)}"
            ) from error
        if fence is not None:
            # The epoch fences without transactions, whose markers would stand at the partitions' ends as records that no reader
            # ever gets, and whose repeats would show beside what was aborted.
            producer._txn_manager.transactional_id = None
        yield KafkaPublisher(producer)
