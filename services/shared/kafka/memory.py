"""A log in memory that keeps Kafka's promises: the fake for fast tests. It passes the tests that the real one passes."""

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Final

from ordercast.services.shared.kafka.errors import BrokerUnavailable, RecordRefused
from ordercast.services.shared.kafka.ports import ReadPositions, Slice, check_within
from ordercast.services.shared.kafka.records import Partition, Record, StoredRecord

# Time (s) between two looks at a log in which nothing new lies.
LOOK_EVERY_S: Final = 0.001


class MemoryLog:
    """Topics in memory. `available = False` makes it a broker that is down; `refuses` says why a record is never taken."""

    def __init__(self, refuses: Callable[[Record], str | None] = lambda _: None) -> None:
        self.available = True
        self.refuses = refuses
        self._partitions: dict[Partition, list[StoredRecord]] = defaultdict(list)
        self._begins: dict[Partition, int] = defaultdict(int)

    async def ask_broker(self) -> None:
        if not self.available:
            raise BrokerUnavailable("the log in memory was made unavailable")

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        await self.ask_broker()
        # As a broker does: a batch with one such record is refused whole.
        if reason := next(filter(None, map(self.refuses, records)), None):
            raise RecordRefused(reason)
        target = Partition(topic, partition)
        stored = self._partitions[target]
        for record in records:
            stored.append(
                StoredRecord(
                    key=record.key,
                    value=record.value,
                    headers=list(record.headers),
                    timestamp_ms=record.timestamp_ms,
                    partition=target,
                    offset=len(stored),
                )
            )

    def records(self, topic: str, partition: int) -> list[StoredRecord]:
        return list(self._partitions[Partition(topic, partition)])

    def begin(self, partition: Partition) -> int:
        """The offset of the first record that is still there."""
        return self._begins[partition]

    def delete_before(self, partition: Partition, offset: int) -> None:
        """Drops the oldest records, as a broker does by its retention."""
        self._begins[partition] = offset


class MemoryConsumer:
    """Reads a MemoryLog as `consumer.KafkaConsumer` reads Kafka; the partitions are given."""

    def __init__(self, log: MemoryLog, partitions: Collection[Partition], read_positions: ReadPositions) -> None:
        self._log = log
        self._partitions = sorted(partitions)
        self._read_positions = read_positions
        self._positions: dict[Partition, int] = {}
        self._is_placed = False
        self.shown: dict[Partition, int] = {}

    @property
    def positions(self) -> Mapping[Partition, int]:
        return self._positions

    def reposition(self) -> None:
        self._is_placed = False

    async def poll(self, *, max_records: int, timeout_s: float) -> list[Slice]:
        if not self._is_placed:
            await self._place()
        deadline = asyncio.get_running_loop().time() + timeout_s
        await asyncio.sleep(0)
        while not (slices := self._next(max_records)) and asyncio.get_running_loop().time() < deadline:
            await asyncio.sleep(LOOK_EVERY_S)
        for piece in slices:
            self._positions[piece.partition] = piece.end
        return slices

    def _next(self, max_records: int) -> list[Slice]:
        slices: list[Slice] = []
        for partition, start in self._positions.items():
            records = self._log.records(*partition)[start : start + max_records] if self._log.available else []
            if records:
                slices.append(Slice(partition, start, records))
                max_records -= len(records)
        return slices

    async def ends(self) -> dict[Partition, int]:
        if not self._log.available:
            raise BrokerUnavailable("the log in memory was made unavailable")
        return {partition: len(self._log.records(*partition)) for partition in self._positions}

    async def show_positions(self, positions: Mapping[Partition, int]) -> None:
        self.shown.update(positions)

    async def _place(self) -> None:
        if not self._log.available:
            raise BrokerUnavailable("the log in memory was made unavailable")
        positions = await self._read_positions(self._partitions)
        for partition in self._partitions:
            check_within(
                partition, positions[partition], self._log.begin(partition), len(self._log.records(*partition))
            )
        self._positions = {partition: positions[partition] for partition in self._partitions}
        self._is_placed = True
