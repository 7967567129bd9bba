"""What every consumer of a log has to do: the fake in memory and the real one pass the same class."""

import asyncio

import pytest

from ordercast.services.shared.kafka.errors import PositionOutsideLog
from ordercast.services.shared.kafka.ports import Consumer, Slice
from ordercast.services.shared.kafka.records import Partition, Record
from tests.support.logs_under_test import LogUnderTest, Positions


def numbered(*numbers: int) -> list[Record]:
    return [Record(b"key", str(number).encode(), [("n", str(number).encode())], number) for number in numbers]


def values(pieces: list[Slice]) -> list[int]:
    return [int(record.value or b"") for piece in pieces for record in piece.records]


async def poll_all(consumer: Consumer, count: int, *, max_records: int = 100) -> list[Slice]:
    """Polls until `count` records have come."""
    pieces: list[Slice] = []
    async with asyncio.timeout(20):
        while sum(len(piece.records) for piece in pieces) < count:
            pieces += await consumer.poll(max_records=max_records, timeout_s=0.5)
    return pieces


class ConsumerChecks:
    """What holds for every consumer. A subclass brings the fixture `log`."""

    async def test_records_come_in_order_with_all_that_was_published(self, log: LogUnderTest) -> None:
        place = Partition(log.topics[0], 1)
        records = [
            Record(b"key", b"value", [("name", b"a"), ("name", b"b")], 1_700_000_000_123),
            Record(b"", None, [], 0),
        ]
        await log.publisher.publish(*place, records)
        async with log.consumer([place], Positions()) as consumer:
            (piece,) = await poll_all(consumer, 2)
        assert (piece.partition, piece.start, piece.end) == (place, 0, 2)
        assert [(record.partition, record.offset) for record in piece.records] == [(place, 0), (place, 1)]
        for stored, record in zip(piece.records, records, strict=True):
            assert (stored.key, stored.value, stored.headers) == (record.key, record.value, record.headers)
            assert stored.timestamp_ms == record.timestamp_ms

    async def test_it_goes_on_from_the_positions_that_the_reader_keeps(self, log: LogUnderTest) -> None:
        first, second = Partition(log.topics[0], 0), Partition(log.topics[1], 2)
        await log.publisher.publish(*first, numbered(0, 1, 2, 3))
        await log.publisher.publish(*second, numbered(10, 11))
        async with log.consumer([first, second], Positions({first: 3})) as consumer:
            pieces = await poll_all(consumer, 3)
            assert sorted(values(pieces)) == [3, 10, 11]
            assert consumer.positions == {first: 4, second: 2}
            await log.publisher.publish(*first, numbered(4))
            (piece,) = await poll_all(consumer, 1)
            assert (piece.start, values([piece])) == (4, [4])

    async def test_a_poll_brings_no_more_than_it_was_asked_for(self, log: LogUnderTest) -> None:
        places = [Partition(log.topics[0], 0), Partition(log.topics[1], 0)]
        for place in places:
            await log.publisher.publish(*place, numbered(*range(10)))
        async with log.consumer(places, Positions()) as consumer:
            await poll_all(consumer, 1, max_records=3)  # the client has fetched now
            while sum(consumer.positions.values()) < 20:
                pieces = await consumer.poll(max_records=3, timeout_s=0.5)
                assert len(values(pieces)) <= 3
                assert len({piece.partition for piece in pieces}) == len(pieces)

    async def test_a_poll_without_records_returns_after_its_time(self, log: LogUnderTest) -> None:
        async with log.consumer([Partition(log.topics[0], 0)], Positions()) as consumer:
            async with asyncio.timeout(5):
                assert await consumer.poll(max_records=10, timeout_s=0.1) == []

    async def test_a_waiting_poll_sees_what_arrives(self, log: LogUnderTest) -> None:
        place = Partition(log.topics[0], 0)
        async with log.consumer([place], Positions()) as consumer:
            await consumer.poll(max_records=10, timeout_s=0.05)
            waiting = asyncio.create_task(poll_all(consumer, 1))
            await asyncio.sleep(0.05)
            await log.publisher.publish(*place, numbered(7))
            assert values(await waiting) == [7]

    async def test_a_new_placing_goes_back_to_the_stored_position(self, log: LogUnderTest) -> None:
        place = Partition(log.topics[0], 0)
        await log.publisher.publish(*place, numbered(0, 1, 2, 3, 4))
        positions = Positions()
        async with log.consumer([place], positions) as consumer:
            await poll_all(consumer, 5)
            positions.stored[place] = 2
            consumer.reposition()
            (piece,) = await poll_all(consumer, 3)
            assert (piece.start, values([piece])) == (2, [2, 3, 4])

    async def test_the_ends_are_those_of_the_partitions_that_are_read(self, log: LogUnderTest) -> None:
        full, empty = Partition(log.topics[0], 0), Partition(log.topics[0], 1)
        await log.publisher.publish(*full, numbered(0, 1))
        async with log.consumer([full, empty], Positions()) as consumer:
            assert await consumer.ends() == {}
            await poll_all(consumer, 2)
            assert await consumer.ends() == {full: 2, empty: 0}

    @pytest.mark.parametrize(("position", "begin"), [(1, 2), (6, 0), (6, 2)])
    async def test_a_position_outside_of_the_log_means_loss(self, log: LogUnderTest, position: int, begin: int) -> None:
        place = Partition(log.topics[0], 0)
        await log.publisher.publish(*place, numbered(0, 1, 2, 3, 4))
        if begin:
            await log.delete_before(place, begin)
        async with log.consumer([place], Positions({place: position})) as consumer:
            with pytest.raises(PositionOutsideLog, match=f"from {position}, but its log goes from {begin} to 5"):
                await consumer.poll(max_records=10, timeout_s=0.5)

    async def test_a_position_at_the_end_of_a_shortened_log_is_none(self, log: LogUnderTest) -> None:
        place = Partition(log.topics[0], 0)
        await log.publisher.publish(*place, numbered(0, 1, 2))
        await log.delete_before(place, 3)
        async with log.consumer([place], Positions({place: 3})) as consumer:
            assert await consumer.poll(max_records=10, timeout_s=0.1) == []

    async def test_after_an_error_of_the_reader_it_is_placed_anew(self, log: LogUnderTest) -> None:
        place = Partition(log.topics[0], 0)
        await log.publisher.publish(*place, numbered(0))

        class AwayOnce(Positions):
            async def __call__(self, partitions: object) -> dict[Partition, int]:
                self.asked += 1
                if self.asked == 1:
                    raise ConnectionRefusedError("the database is away")
                return {place: 0}

        async with log.consumer([place], AwayOnce()) as consumer:
            with pytest.raises(ConnectionRefusedError):
                await consumer.poll(max_records=10, timeout_s=0.1)
            assert values(await poll_all(consumer, 1)) == [0]
