"""Reads the whole topic `views` with a consumer of its own, which belongs to no group and commits nothing."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from ordercast.client.kafka import ends_of, open_consumer, records_until
from ordercast.verify.view_events import ViewRow, view_of

TOPIC: Final = "views"


class ViewTopic:
    """The topic: `ends` has the offset after the last record of each partition, as it was at the start.

    `unreadable` counts the records read so far that are no views; the worker has them as dead letters.
    """

    def __init__(self, consumer: AIOKafkaConsumer, ends: Mapping[int, int]) -> None:
        self._consumer = consumer
        self.ends = ends
        self.unreadable = 0

    @property
    def partitions(self) -> int:
        return len(self.ends)

    async def read(self, until: Mapping[int, int]) -> AsyncIterator[list[ViewRow]]:
        """The views of all partitions from the start up to these offsets, in slices.

        Raises:
            KafkaUnavailable: the broker went away.
        """
        wanted = {TopicPartition(TOPIC, number): offset for number, offset in until.items()}
        async for partition, records in records_until(self._consumer, wanted):
            yield self._views(partition, records)

    def _views(self, partition: TopicPartition, records: list[ConsumerRecord]) -> list[ViewRow]:
        views = [view_of(record.headers, record.value, partition.partition, self.partitions) for record in records]
        readable = [view for view in views if view is not None]
        self.unreadable += len(views) - len(readable)
        return readable


@asynccontextmanager
async def open_view_topic(bootstrap: str) -> AsyncIterator[ViewTopic]:
    """The topic on the broker at `bootstrap`.

    Raises:
        KafkaUnavailable: no broker answers, or there is no such topic.
    """
    async with open_consumer(bootstrap) as consumer:
        ends = await ends_of(consumer, [TOPIC])
        yield ViewTopic(consumer, {partition.partition: offset for partition, offset in ends.items()})
