"""Reads the whole topic `views` with a consumer of its own, which belongs to no group and commits nothing."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition
from aiokafka.errors import KafkaError

from ordercast.client.kafka import KafkaUnavailable, ends_of, open_consumer, read_from
from ordercast.verify.view_events import ViewRow, view_of

TOPIC: Final = "views"
# A broker that gives no record for this long (s), although there are more, counts as gone.
SILENCE_S: Final = 20.0
FETCH_RECORDS: Final = 5_000


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
        rest = {TopicPartition(TOPIC, number): offset for number, offset in until.items() if offset > 0}
        read_from(self._consumer, dict.fromkeys(rest, 0))
        while rest:
            try:
                async with asyncio.timeout(SILENCE_S):
                    fetched = await self._fetch()
            except (KafkaError, TimeoutError) as error:
                raise KafkaUnavailable(f"the topic {TOPIC} cannot be read: {error or type(error).__name__}") from error
            for partition, records in fetched.items():
                yield self._views(partition, [record for record in records if record.offset < rest.get(partition, 0)])
                if records[-1].offset + 1 >= rest.get(partition, 0):
                    rest.pop(partition, None)
                    self._consumer.pause(partition)

    async def _fetch(self) -> dict[TopicPartition, list[ConsumerRecord]]:
        while True:
            fetched: dict[TopicPartition, list[ConsumerRecord]] = await self._consumer.getmany(
                timeout_ms=1_000, max_records=FETCH_RECORDS
            )
            if fetched:
                return fetched

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
