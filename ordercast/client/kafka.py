"""Reads topics as an outsider: it joins no group, commits nothing and shares no code with the services."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from ordercast.first_line import first_line
from ordercast.kafka_security import brokers_of, client_arguments
from ordercast.running_client import running

# A broker that does not answer within this time (s) counts as gone.
START_DEADLINE_S: Final = 10.0
# A broker that gives no record for this long (s), although there are more, counts as gone.
SILENCE_S: Final = 20.0
FETCH_RECORDS: Final = 5_000


class KafkaUnavailable(Exception):
    """The broker or a topic is not there."""


@asynccontextmanager
async def open_consumer(bootstrap: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A connected consumer without partitions.

    Raises:
        KafkaUnavailable: no broker answers at `bootstrap`.
    """
    consumer = AIOKafkaConsumer(enable_auto_commit=False, auto_offset_reset="none", **client_arguments(bootstrap))
    async with AsyncExitStack() as stack:
        try:
            await stack.enter_async_context(running(consumer, start_deadline_s=START_DEADLINE_S))
        except (KafkaError, TimeoutError, OSError) as error:
            raise KafkaUnavailable(f"no broker answers at {brokers_of(bootstrap)}: {first_line(error)}") from error
        yield consumer


async def ends_of(consumer: AIOKafkaConsumer, topics: Sequence[str]) -> dict[TopicPartition, int]:
    """All partitions of the topics with the offset after their last record.

    Raises:
        KafkaUnavailable: a topic is missing, or the broker does not answer.
    """
    try:
        async with asyncio.timeout(START_DEADLINE_S):
            if missing := set(topics) - set(await consumer.topics()):
                raise KafkaUnavailable(f"there is no topic {', '.join(sorted(missing))}")
            partitions: list[TopicPartition] = []
            for topic in topics:
                # The client knows the partitions of a topic once it was asked about one of them.
                await consumer.end_offsets([TopicPartition(topic, 0)])
                partitions += [TopicPartition(topic, number) for number in consumer.partitions_for_topic(topic) or ()]
            ends: dict[TopicPartition, int] = await consumer.end_offsets(partitions)
    except (KafkaError, TimeoutError, OSError) as error:
        raise KafkaUnavailable(f"the broker does not answer: {first_line(error)}") from error
    return ends


def read_from(consumer: AIOKafkaConsumer, positions: Mapping[TopicPartition, int]) -> None:
    """Lets the consumer go on from these offsets."""
    # Nothing may be awaited in between: the client would look for committed positions and find none.
    consumer.assign(list(positions))
    for partition, offset in positions.items():
        consumer.seek(partition, offset)


async def records_until(
    consumer: AIOKafkaConsumer, until: Mapping[TopicPartition, int]
) -> AsyncIterator[tuple[TopicPartition, list[ConsumerRecord]]]:
    """All records of the partitions from the start up to these offsets, in pieces of one partition each.

    Raises:
        KafkaUnavailable: the broker went away.
    """
    rest = {partition: offset for partition, offset in until.items() if offset > 0}
    read_from(consumer, dict.fromkeys(rest, 0))
    while rest:
        try:
            async with asyncio.timeout(SILENCE_S):
                fetched = await _fetch(consumer)
        except (KafkaError, TimeoutError) as error:
            raise KafkaUnavailable(f"the topics cannot be read: {first_line(error)}") from error
        for partition, records in fetched.items():
            end = rest.get(partition, 0)
            yield partition, [record for record in records if record.offset < end]
            if records[-1].offset + 1 >= end:
                rest.pop(partition, None)
                consumer.pause(partition)


async def _fetch(consumer: AIOKafkaConsumer) -> dict[TopicPartition, list[ConsumerRecord]]:
    while True:
        fetched: dict[TopicPartition, list[ConsumerRecord]] = await consumer.getmany(
            timeout_ms=1_000, max_records=FETCH_RECORDS
        )
        if fetched:
            return fetched
