"""Where topics end, and where they are at a time."""

import asyncio
from collections.abc import Collection
from datetime import datetime
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError as ClientError

from ordercast.kafka_security import brokers_of, client_arguments
from ordercast.running_client import running
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.records import Partition

# A broker that has not named the ends of its partitions by then (s) counts as gone.
DEADLINE_S: Final = 10.0
# A topic that was just created takes a moment to be seen (s).
NEW_TOPIC_S: Final = 3.0
NEW_TOPIC_POLL_S: Final = 0.1


async def end_offsets(bootstrap: str, topics: Collection[str]) -> dict[Partition, int]:
    """The offset that the next record of each partition will get.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`, or a topic is missing.
    """
    consumer = AIOKafkaConsumer(enable_auto_commit=False, **client_arguments(bootstrap))
    try:
        async with asyncio.timeout(DEADLINE_S), running(consumer, start_deadline_s=DEADLINE_S):
            return await ends_by(consumer, topics)
    except (ClientError, TimeoutError, OSError) as error:
        raise BrokerUnavailable(f"no ends of {', '.join(topics)} from {brokers_of(bootstrap)}: {error!r}") from error


async def ends_by(consumer: AIOKafkaConsumer, topics: Collection[str]) -> dict[Partition, int]:
    """The same of a client that runs, without a deadline and with its own errors.

    Raises:
        BrokerUnavailable: a topic is missing.
    """
    wanted = [partition for topic in topics for partition in await _partitions(consumer, topic)]
    ends = await consumer.end_offsets(wanted)
    return {Partition(found.topic, found.partition): offset for found, offset in ends.items()}


async def find_offsets(bootstrap: str, topics: Collection[str], since: datetime | None) -> dict[Partition, int]:
    """Of each partition the offset of the first record with this time or a later one; else, or without a time, the next offset.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`, or a topic is missing.
    """
    if since is None:
        return await end_offsets(bootstrap, topics)
    consumer = AIOKafkaConsumer(enable_auto_commit=False, **client_arguments(bootstrap))
    at_ms = max(0, int(since.timestamp() * 1000))
    try:
        async with asyncio.timeout(DEADLINE_S), running(consumer, start_deadline_s=DEADLINE_S):
            offsets = await ends_by(consumer, topics)
            found = await consumer.offsets_for_times({TopicPartition(*place): at_ms for place in offsets})
    except (ClientError, TimeoutError, OSError) as error:
        raise BrokerUnavailable(f"no offsets of {', '.join(topics)} from {brokers_of(bootstrap)}: {error!r}") from error
    return offsets | {
        Partition(place.topic, place.partition): at.offset for place, at in found.items() if at is not None
    }


async def log_bounds(bootstrap: str, partition: Partition) -> tuple[int, int]:
    """The first offset that a partition's log holds, and the next one that it will get; over one connection.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`, or the topic is missing.
    """
    consumer = AIOKafkaConsumer(enable_auto_commit=False, **client_arguments(bootstrap))
    try:
        async with asyncio.timeout(DEADLINE_S), running(consumer, start_deadline_s=DEADLINE_S):
            end = (await ends_by(consumer, [partition.topic]))[partition]
            key = TopicPartition(*partition)
            return (await consumer.beginning_offsets([key]))[key], end
    except (ClientError, TimeoutError, OSError) as error:
        raise BrokerUnavailable(f"no ends of {partition.topic} from {brokers_of(bootstrap)}: {error!r}") from error


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    give_up = asyncio.get_running_loop().time() + NEW_TOPIC_S
    while topic not in await consumer.topics():
        if asyncio.get_running_loop().time() > give_up:
            raise BrokerUnavailable(f"the topic {topic} does not exist")
        await asyncio.sleep(NEW_TOPIC_POLL_S)
    # Asking for partition 0 makes the client learn the rest of the topic.
    await consumer.end_offsets([TopicPartition(topic, 0)])
    numbers: set[int] = consumer.partitions_for_topic(topic) or set()
    return [TopicPartition(topic, number) for number in sorted(numbers)]
