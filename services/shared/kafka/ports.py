"""What use cases see of Kafka, free of its client.

`publisher.KafkaPublisher` and `consumer.KafkaConsumer` are the real ones, `memory.MemoryLog` and `memory.MemoryConsumer` their
fakes for fast tests.
"""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from ordercast.services.shared.kafka.errors import PositionOutsideLog
from ordercast.services.shared.kafka.records import Partition, Record, StoredRecord


class Publisher(Protocol):
    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        """Writes the records to the partition in their order and returns when all replicas have them.

        Nothing may be published to the same partition meanwhile: one batch in flight keeps the order.

        Raises:
            BrokerUnavailable: a prefix of the records may have arrived; how many have for certain, the error says.
            RecordRefused: one of the records will never be taken; how many before it have arrived, the error says.
        """
        ...

    async def ask_broker(self) -> None:
        """Returns when a broker answers. Raises BrokerUnavailable."""
        ...


ReadPositions = Callable[[Collection[Partition]], Awaitable[Mapping[Partition, int]]]


@dataclass(frozen=True, slots=True)
class Slice:
    """The next records of one partition, in order: at least one. `start` is the reader's position before them."""

    partition: Partition
    start: int
    records: list[StoredRecord]

    @property
    def end(self) -> int:
        """The position after them."""
        return self.records[-1].offset + 1


class Consumer(Protocol):
    @property
    def positions(self) -> Mapping[Partition, int]:
        """The offsets that the next poll goes on from, for the partitions that are read now."""
        ...

    async def poll(self, *, max_records: int, timeout_s: float) -> list[Slice]:
        """The next records, at most one slice for each partition; empty when none came in time.

        Raises:
            PositionOutsideLog: a partition does not hold the position that it is to be read from.
            BrokerUnavailable: the broker answered with an error. Silence is no error here; `ends` notices it.
        """
        ...

    def reposition(self) -> None:
        """Makes the next poll read the positions anew and go on from there."""
        ...

    async def ends(self) -> dict[Partition, int]:
        """The offsets after the last record of each partition that is read now.

        Raises:
            BrokerUnavailable: the broker does not answer.
        """
        ...

    async def show_positions(self, positions: Mapping[Partition, int]) -> None:
        """Commits positions to Kafka for its tools to show. Never fails: nothing depends on it."""
        ...


def check_within(partition: Partition, position: int, begin: int, end: int) -> None:
    """Raises PositionOutsideLog unless a log from `begin` to before `end` can be read from `position`."""
    if not begin <= position <= end:
        raise PositionOutsideLog(
            f"{partition.topic}/{partition.number} is to be read from {position}, but its log goes from {begin} to {end}: "
            "events are lost, or the topic was made anew"
        )
