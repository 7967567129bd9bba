"""A log to test consumers on: in memory, or two topics of their own on the real broker."""

import uuid
from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Protocol

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.records_to_delete import RecordsToDelete

from ordercast.services.shared.kafka.memory import MemoryConsumer, MemoryLog
from ordercast.services.shared.kafka.open_consumer import open_reader
from ordercast.services.shared.kafka.ports import Consumer, Publisher, ReadPositions
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.records import Partition
from ordercast.services.shared.kafka.topic_ends import end_offsets

# Odd, so that a share of them cannot be even by chance.
TOPIC_PARTITIONS: Final = 3


class LogUnderTest(Protocol):
    """Two topics, empty at the start, and what a test does with them."""

    topics: tuple[str, str]

    @property
    def publisher(self) -> Publisher: ...

    def consumer(
        self, partitions: Collection[Partition], read_positions: ReadPositions
    ) -> AbstractAsyncContextManager[Consumer]: ...

    async def delete_before(self, partition: Partition, offset: int) -> None: ...


class Positions:
    """Positions that a test sets; a partition without one starts at 0."""

    def __init__(self, positions: Mapping[Partition, int] | None = None) -> None:
        self.stored = dict(positions or {})
        self.asked = 0

    async def __call__(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        self.asked += 1
        return {partition: self.stored.get(partition, 0) for partition in partitions}


class MemoryLogUnderTest:
    def __init__(self) -> None:
        self.topics = ("a", "b")
        self.memory = MemoryLog()

    @property
    def publisher(self) -> Publisher:
        return self.memory

    @asynccontextmanager
    async def consumer(
        self, partitions: Collection[Partition], read_positions: ReadPositions
    ) -> AsyncIterator[Consumer]:
        yield MemoryConsumer(self.memory, partitions, read_positions)

    async def delete_before(self, partition: Partition, offset: int) -> None:
        self.memory.delete_before(partition, offset)


class KafkaLogUnderTest:
    def __init__(self, bootstrap: str, topics: tuple[str, str], publisher: Publisher) -> None:
        self.bootstrap = bootstrap
        self.topics = topics
        self._publisher = publisher

    @property
    def publisher(self) -> Publisher:
        return self._publisher

    @asynccontextmanager
    async def consumer(
        self, partitions: Collection[Partition], read_positions: ReadPositions
    ) -> AsyncIterator[Consumer]:
        async with open_reader(self.bootstrap, partitions, read_positions=read_positions) as reader:
            yield reader

    async def delete_before(self, partition: Partition, offset: int) -> None:
        async with _admin(self.bootstrap) as admin:
            await admin.delete_records({TopicPartition(*partition): RecordsToDelete(before_offset=offset)})


@asynccontextmanager
async def kafka_log_under_test(bootstrap: str) -> AsyncIterator[KafkaLogUnderTest]:
    """Two new topics on the broker, deleted at the end."""
    prefix = f"test-{uuid.uuid4().hex[:8]}"
    topics = (f"{prefix}-a", f"{prefix}-b")
    async with _admin(bootstrap) as admin:
        await admin.create_topics([NewTopic(topic, TOPIC_PARTITIONS, 1) for topic in topics])
    await end_offsets(bootstrap, topics)  # the broker shows a new topic after a moment
    try:
        async with open_publisher(bootstrap, client_id="test") as publisher:
            yield KafkaLogUnderTest(bootstrap, topics, publisher)
    finally:
        async with _admin(bootstrap) as admin:
            await admin.delete_topics(list(topics))


@asynccontextmanager
async def _admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()
