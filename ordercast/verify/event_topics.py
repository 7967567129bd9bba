"""Reads a whole topic with a consumer of its own, which belongs to no group and commits nothing."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final, Generic, TypeVar

from aiokafka import AIOKafkaConsumer, ConsumerRecord, TopicPartition

from ordercast.client.kafka import ends_of, open_consumer, records_until
from ordercast.verify.prediction_events import PredictionRow, prediction_of
from ordercast.verify.state_events import (
    ACCOUNTS,
    PRODUCTS,
    AccountState,
    ProductState,
    account_state_of,
    product_state_of,
)
from ordercast.verify.view_events import Headers, ViewRow, view_of

VIEWS: Final = "views"
PREDICTIONS: Final = "predictions"

Row = TypeVar("Row")
# Out of headers, body, number of the partition, and how many there are; None where the record is none of the contract.
RowOf = Callable[[Headers, bytes | None, int, int], Row | None]


class EventTopic(Generic[Row]):
    """The topic: `ends` has the offset after the last record of each partition, as it was at the start.

    `unreadable` counts the records read so far that are no events of the contract; the worker has them as dead letters.
    """

    def __init__(self, consumer: AIOKafkaConsumer, name: str, ends: Mapping[int, int], row_of: RowOf[Row]) -> None:
        self._consumer = consumer
        self._name = name
        self._row_of = row_of
        self.ends = ends
        self.unreadable = 0

    @property
    def partitions(self) -> int:
        return len(self.ends)

    async def read(self, until: Mapping[int, int]) -> AsyncIterator[list[Row]]:
        """The events of all partitions from the start up to these offsets, in slices; those of a partition in their order.

        Raises:
            KafkaUnavailable: the broker went away.
        """
        wanted = {TopicPartition(self._name, number): offset for number, offset in until.items()}
        async for partition, records in records_until(self._consumer, wanted):
            yield self._rows(partition, records)

    def _rows(self, partition: TopicPartition, records: list[ConsumerRecord]) -> list[Row]:
        rows = [self._row_of(record.headers, record.value, partition.partition, self.partitions) for record in records]
        readable = [row for row in rows if row is not None]
        self.unreadable += len(rows) - len(readable)
        return readable


def open_view_topic(bootstrap: str) -> AbstractAsyncContextManager[EventTopic[ViewRow]]:
    """The topic `views` on the broker at `bootstrap`.

    Raises:
        KafkaUnavailable: no broker answers, or there is no such topic.
    """
    return _open(bootstrap, VIEWS, view_of)


def open_prediction_topic(bootstrap: str) -> AbstractAsyncContextManager[EventTopic[PredictionRow]]:
    """The topic `predictions`. Raises KafkaUnavailable."""
    return _open(bootstrap, PREDICTIONS, prediction_of)


def open_product_topic(bootstrap: str) -> AbstractAsyncContextManager[EventTopic[ProductState]]:
    """The topic `products`. Raises KafkaUnavailable."""
    return _open(bootstrap, PRODUCTS, product_state_of)


def open_account_topic(bootstrap: str) -> AbstractAsyncContextManager[EventTopic[AccountState]]:
    """The topic `accounts`. Raises KafkaUnavailable."""
    return _open(bootstrap, ACCOUNTS, account_state_of)


@asynccontextmanager
async def _open(bootstrap: str, name: str, row_of: RowOf[Row]) -> AsyncIterator[EventTopic[Row]]:
    async with open_consumer(bootstrap) as consumer:
        ends = await ends_of(consumer, [name])
        yield EventTopic(consumer, name, {partition.partition: offset for partition, offset in ends.items()}, row_of)
