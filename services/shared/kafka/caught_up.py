"""How far the feature table is behind the topics that it is made from."""

import asyncio
from collections.abc import Collection
from typing import Final

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError as ClientError
from sqlalchemy import select

from services.shared.contracts.topics import ORDERS, VIEWS
from services.shared.db.engine import Sessions
from services.shared.db.features import FeaturePosition
from services.shared.kafka.errors import BrokerUnavailable
from services.shared.kafka.records import Partition

# A broker that has not named the ends of its partitions by then (s) counts as gone.
DEADLINE_S: Final = 10.0
FEATURE_TOPICS: Final = (ORDERS.name, VIEWS.name)


async def caught_up(bootstrap: str, sessions: Sessions) -> dict[Partition, int]:
    """Events of each partition of `orders` and `views` that are not yet in the feature table; all 0 means caught up.

    Positions are read after the ends, so events that arrive meanwhile can only be missed here, never counted twice.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`, or a topic is missing.
    """
    ends = await end_offsets(bootstrap, FEATURE_TOPICS)
    async with sessions() as session:
        rows = (await session.execute(select(FeaturePosition))).scalars()
        positions = {Partition(row.topic, row.partition): row.next_offset for row in rows}
    return {partition: max(0, end - positions.get(partition, 0)) for partition, end in sorted(ends.items())}


async def end_offsets(bootstrap: str, topics: Collection[str]) -> dict[Partition, int]:
    """The offset that the next record of each partition will get.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`, or a topic is missing.
    """
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    try:
        async with asyncio.timeout(DEADLINE_S):
            await consumer.start()
            wanted = [partition for topic in topics for partition in await _partitions(consumer, topic)]
            ends = await consumer.end_offsets(wanted)
    except (ClientError, TimeoutError, OSError) as error:
        raise BrokerUnavailable(f"no ends of {', '.join(topics)} from {bootstrap}: {error!r}") from error
    finally:
        await consumer.stop()
    return {Partition(found.topic, found.partition): offset for found, offset in ends.items()}


async def _partitions(consumer: AIOKafkaConsumer, topic: str) -> list[TopicPartition]:
    if topic not in await consumer.topics():
        raise BrokerUnavailable(f"the topic {topic} does not exist")
    # Asking for partition 0 makes the client learn the rest of the topic.
    await consumer.end_offsets([TopicPartition(topic, 0)])
    numbers: set[int] = consumer.partitions_for_topic(topic) or set()
    return [TopicPartition(topic, number) for number in sorted(numbers)]
