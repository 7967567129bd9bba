"""Reading partitions from positions that the reader keeps itself, not Kafka.

A consumer of a group gets its partitions from Kafka and their positions from `read_positions`; what it commits to Kafka
only shows how far it is.
"""

import asyncio
from collections.abc import Collection, Mapping
from contextlib import suppress
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import (
    IllegalStateError,
    NoOffsetForPartitionError,
    OffsetOutOfRangeError,
    RecordTooLargeError,
)
from aiokafka.errors import KafkaError as ClientError

from ordercast.first_line import first_line
from ordercast.services.shared.kafka.errors import BrokerUnavailable, PositionOutsideLog, RecordTooLarge
from ordercast.services.shared.kafka.ports import ReadPositions, Slice, check_within
from ordercast.services.shared.kafka.records import Partition, StoredRecord

log = structlog.stdlib.get_logger()

# A broker that does not answer a single question by then (s) counts as gone.
ASK_DEADLINE_S: Final = 5.0
# Showing positions is worth no longer wait (s); the next time shows them too.
SHOW_DEADLINE_S: Final = 2.0
# How long (s) `poll` may take beyond its timeout: the client waits without end while its group is being rebalanced.
POLL_GRACE_S: Final = 1.0

# The start of a slice whose partition has not been placed.
_NOWHERE: Final = -1


class KafkaConsumer:
    """Reads through one aiokafka consumer. Not for several tasks at once."""

    def __init__(
        self,
        client: AIOKafkaConsumer,
        read_positions: ReadPositions,
        *,
        compacted: Collection[str] = (),
        fetches_ahead: bool = True,
    ) -> None:
        """`compacted` are topics whose logs have holes wherever a newer record took the place of one. One that does not fetch ahead
        asks Kafka only within a `poll` that has nothing at hand: it holds one answer of each broker, not one for each partition.
        """
        self._client = client
        self._read_positions = read_positions
        self._positions: dict[Partition, int] = {}
        self._is_placed = False
        self._compacted = compacted
        self._fetches_ahead = fetches_ahead
        self._holes: set[tuple[Partition, int]] = set()

    @property
    def positions(self) -> Mapping[Partition, int]:
        return self._positions

    def reposition(self) -> None:
        self._is_placed = False

    async def poll(self, *, max_records: int, timeout_s: float) -> list[Slice]:
        if not self._is_placed:
            await self._place()
        found = await self._getmany(max_records, timeout_s)
        slices = [
            Slice(
                partition, self._positions.get(partition, _NOWHERE), [_stored(partition, record) for record in records]
            )
            for partition, records in ((Partition(*key), records) for key, records in found.items())
            if records
        ]
        # A rebalance in between makes them another's; a slice that starts elsewhere was fetched before the client was placed.
        if not self._is_placed or not all(self._goes_on(piece) for piece in slices):
            self.reposition()
            return []
        for piece in slices:
            self._positions[piece.partition] = piece.end
        return slices

    async def ends(self) -> dict[Partition, int]:
        found = await self._ask(self._client.end_offsets, [TopicPartition(*partition) for partition in self._positions])
        return {Partition(*key): offset for key, offset in found.items()}

    async def show_positions(self, positions: Mapping[Partition, int]) -> None:
        assigned = self._client.assignment()
        offsets = {TopicPartition(*partition): offset for partition, offset in positions.items()}
        shown = {key: offset for key, offset in offsets.items() if key in assigned}
        if not shown:
            return
        with suppress(ClientError, TimeoutError, OSError):
            async with asyncio.timeout(SHOW_DEADLINE_S):
                await self._client.commit(shown)

    async def _getmany(self, max_records: int, timeout_s: float) -> dict[TopicPartition, list[Any]]:
        """Records by partition. Any error throws away what the client had at hand, so it is placed anew after it."""
        try:
            async with asyncio.timeout(timeout_s + POLL_GRACE_S):
                if not self._fetches_ahead:
                    self._client.resume(*self._client.assignment())
                found: dict[TopicPartition, list[Any]] = await self._client.getmany(
                    timeout_ms=int(timeout_s * 1000), max_records=max_records
                )
                return found
        except (TimeoutError, NoOffsetForPartitionError):
            # Rebalancing, or a partition that is not placed yet.
            self.reposition()
            return {}
        except OffsetOutOfRangeError as error:
            raise PositionOutsideLog(
                f"the log does not hold {first_line(error)}: events are lost, or the topic was made anew"
            ) from error
        except RecordTooLargeError as error:
            self.reposition()
            raise RecordTooLarge(first_line(error)) from error
        except (ClientError, OSError) as error:
            self.reposition()
            raise BrokerUnavailable(f"records were not fetched: {error!r}") from error
        finally:
            # What is at hand stays there, and `getmany` returns it at once: before the client's own task could fetch any more.
            if not self._fetches_ahead:
                self._client.pause(*self._client.assignment())

    async def _place(self) -> None:
        """Seeks every assigned partition to its position."""
        assigned = self._client.assignment()
        self._is_placed = True  # before the first await, so that a rebalance meanwhile unsets it
        try:
            keys = sorted(assigned)
            positions = await self._read_positions([Partition(*key) for key in keys])
            begins = await self._ask(self._client.beginning_offsets, keys)
            ends = await self._ask(self._client.end_offsets, keys)
            for key in keys:
                check_within(Partition(*key), positions[Partition(*key)], begins[key], ends[key])
                self._client.seek(key, positions[Partition(*key)])
            self._positions = {Partition(*key): positions[Partition(*key)] for key in keys}
        except IllegalStateError:  # a partition was taken away in between
            self._is_placed = False
        except BaseException:
            self._is_placed = False
            raise

    def _goes_on(self, piece: Slice) -> bool:
        """Whether a slice starts where the one before it ended.

        A log may have holes, where transactions ended. A hole is believed when it shows a second time, after a new seek.
        """
        first = piece.records[0].offset
        if first <= piece.start or piece.start == _NOWHERE:
            return first == piece.start
        if piece.partition.topic in self._compacted:
            return True
        hole = (piece.partition, piece.start)
        if hole in self._holes:
            log.warning("offsets are missing in the log", partition=piece.partition, start=piece.start, first=first)
            self._holes.discard(hole)
            return True
        self._holes.add(hole)
        return False

    async def _ask(self, question: Any, keys: list[TopicPartition]) -> dict[TopicPartition, int]:
        try:
            async with asyncio.timeout(ASK_DEADLINE_S):
                answer: dict[TopicPartition, int] = await question(keys)
                return answer
        except (ClientError, TimeoutError, OSError) as error:
            raise BrokerUnavailable(f"Kafka does not answer: {error!r}") from error


def _stored(partition: Partition, record: Any) -> StoredRecord:
    return StoredRecord(
        key=record.key,
        value=record.value,
        headers=list(record.headers),
        timestamp_ms=record.timestamp,
        partition=partition,
        offset=record.offset,
    )
