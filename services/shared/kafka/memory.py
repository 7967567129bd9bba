"""A log in memory that keeps Kafka's promises: the twin for fast tests. It passes the tests that the real one passes."""

from collections import defaultdict
from collections.abc import Sequence

from services.shared.kafka.errors import BrokerUnavailable
from services.shared.kafka.records import Partition, Record, StoredRecord


class MemoryLog:
    """Topics in memory. `available = False` makes it a broker that is down."""

    def __init__(self) -> None:
        self.available = True
        self._partitions: dict[Partition, list[StoredRecord]] = defaultdict(list)

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        if not self.available:
            raise BrokerUnavailable("the log in memory was made unavailable")
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
