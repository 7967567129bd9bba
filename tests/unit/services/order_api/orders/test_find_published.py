"""An event is found by its number, however the relay repeated itself and whatever strangers wrote between."""

from collections.abc import AsyncIterator, Collection
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.contracts.envelope import SequenceNumber, encode_headers
from ordercast.services.order_api.orders.find_published import MOST_EMPTY_LOOKS, FindPublished, number_of
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.memory import MemoryConsumer, MemoryLog
from ordercast.services.shared.kafka.ports import Consumer, ReadPositions, Slice
from ordercast.services.shared.kafka.records import Partition, Record

PLACE = Partition("orders", 1)
STRANGER = Record(key=None, value=b"{}", headers=[("ce_producer", b"outbox")], timestamp_ms=0)


def record(number: int, producer: str = "outbox") -> Record:
    headers = encode_headers(
        event_type="ordercast.order.placed.v1",
        event_id=UUID(int=number),
        source="/test",
        time=datetime(2026, 7, 1, tzinfo=UTC),
        sequence=SequenceNumber(producer, number),
    )
    return Record(key=b"1", value=b"{}", headers=headers, timestamp_ms=number)


class SlowConsumer(MemoryConsumer):
    """Gives nothing in the first `empty` looks from each place."""

    def __init__(self, log: MemoryLog, partitions: Collection[Partition], positions: ReadPositions, empty: int) -> None:
        super().__init__(log, partitions, positions)
        self._empty = self._left = empty

    def reposition(self) -> None:
        super().reposition()
        self._left = self._empty

    async def poll(self, *, max_records: int, timeout_s: float) -> list[Slice]:
        if self._left:
            self._left -= 1
            return []
        return await super().poll(max_records=max_records, timeout_s=timeout_s)


def find_in(log: MemoryLog, empty: int = 0) -> FindPublished:
    @asynccontextmanager
    async def open_reader(partitions: Collection[Partition], positions: ReadPositions) -> AsyncIterator[Consumer]:
        yield SlowConsumer(log, partitions, positions, empty)

    async def find_bounds(place: Partition) -> tuple[int, int]:
        return log.begin(place), len(log.records(*place))

    return FindPublished(open_reader, find_bounds)


# How far a relay goes back before it goes on, and how many strange records come before the next one.
WAY = st.lists(st.tuples(st.integers(0, 6), st.integers(0, 3)), min_size=1, max_size=60)


@given(WAY, st.data())
async def test_each_number_is_found(way: list[tuple[int, int]], data: st.DataObject) -> None:
    written = list[Record]()
    number = 0
    for back, strange in way:
        number = max(0, number - back) + 1
        written += [*[STRANGER] * strange, record(number)]
    # A relay that repeats goes on to where it was.
    written += map(record, range(number + 1, max(one.timestamp_ms for one in written) + 1))
    highest = max(one.timestamp_ms for one in written)
    log = MemoryLog()
    await log.publish(*PLACE, written)
    wanted = data.draw(st.lists(st.integers(1, highest + 2), min_size=1, max_size=5))
    found = await find_in(log)(1, wanted)
    assert set(found) == {one for one in wanted if one <= highest}
    assert all(number_of(stored) == one for one, stored in found.items())


class CountingConsumer(MemoryConsumer):
    looks = 0

    def reposition(self) -> None:
        super().reposition()
        CountingConsumer.looks += 1


@pytest.mark.parametrize(("before", "most"), [([], 1), ([STRANGER] * 3, 2), ([record(1), record(2)], 2)])
async def test_in_a_long_log_it_takes_few_looks(
    monkeypatch: pytest.MonkeyPatch, before: list[Record], most: int
) -> None:
    log = MemoryLog()
    await log.publish(*PLACE, [*before, *map(record, range(1, 2_001))])

    @asynccontextmanager
    async def open_reader(partitions: Collection[Partition], positions: ReadPositions) -> AsyncIterator[Consumer]:
        yield CountingConsumer(log, partitions, positions)

    async def find_bounds(place: Partition) -> tuple[int, int]:
        return 0, len(log.records(*place))

    monkeypatch.setattr(CountingConsumer, "looks", 0)
    [number] = await FindPublished(open_reader, find_bounds)(1, [1_777])
    assert number == 1_777
    assert CountingConsumer.looks <= most


async def test_of_other_streams_and_of_what_is_gone_nothing_is_found() -> None:
    log = MemoryLog()
    await log.publish(*PLACE, [record(7, "replay:x"), record(1), record(2), record(3)])
    assert {one: stored.offset for one, stored in (await find_in(log)(1, [2, 7])).items()} == {2: 2}
    log.delete_before(PLACE, 3)
    assert list(await find_in(log)(1, [1, 2, 3])) == [3]
    assert await find_in(MemoryLog())(1, [1]) == {}


async def test_a_broker_that_is_gone_is_told() -> None:
    log = MemoryLog()
    await log.publish(*PLACE, [record(1)])
    log.available = False
    with pytest.raises(BrokerUnavailable):
        await find_in(log)(1, [1])


async def test_a_look_that_finds_nothing_is_not_taken_for_the_end_of_the_log() -> None:
    log = MemoryLog()
    await log.publish(*PLACE, [record(1), record(2), record(3)])
    assert sorted(await find_in(log, MOST_EMPTY_LOOKS - 1)(1, [1, 2, 3])) == [1, 2, 3]
    with pytest.raises(BrokerUnavailable, match="in time"):
        await find_in(log, MOST_EMPTY_LOOKS)(1, [1])
