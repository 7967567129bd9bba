"""What every publisher has to do with records that are refused for good: the fake and the real one pass the same class.

The topics of a `LogUnderTest` refuse timestamps more than an hour ahead, as Kafka's do by default.
"""

import asyncio
import time

import pytest

from ordercast.services.shared.kafka.errors import RecordRefused
from ordercast.services.shared.kafka.publish_around_refused import publish_around_refused
from ordercast.services.shared.kafka.records import Partition, Record
from tests.support.consumer_checks import poll_all, values
from tests.support.logs_under_test import LogUnderTest, Positions


def good(number: int) -> Record:
    return Record(b"key", str(number).encode(), [], time.time_ns() // 10**6)


def bad(number: int) -> Record:
    return Record(b"key", str(number).encode(), [], time.time_ns() // 10**6 + 2 * 3_600_000)


async def written(log: LogUnderTest, place: Partition, count: int) -> list[int]:
    async with log.consumer([place], Positions()) as consumer:
        return values(await poll_all(consumer, count))


class PublisherChecks:
    """What holds for every publisher. A subclass brings the fixture `log`."""

    async def test_a_batch_with_a_refused_record_is_refused_whole_with_the_reason(self, log: LogUnderTest) -> None:
        place = Partition(log.topics[0], 0)
        with pytest.raises(RecordRefused, match="INVALID_TIMESTAMP") as refused:
            await log.publisher.publish(*place, [good(1), bad(2), good(3)])
        assert refused.value.arrived == 0
        await log.publisher.publish(*place, [good(4)])
        assert await written(log, place, 1) == [4]

    async def test_after_a_refusal_publishing_goes_on_in_order_in_every_partition(self, log: LogUnderTest) -> None:
        first, second = Partition(log.topics[0], 0), Partition(log.topics[0], 1)
        for number in range(3):
            outcomes = await asyncio.gather(
                log.publisher.publish(*first, [bad(number)]),
                log.publisher.publish(*second, [good(number)]),
                return_exceptions=True,
            )
            assert isinstance(outcomes[0], RecordRefused)
            assert outcomes[1] is None
            await log.publisher.publish(*first, [good(number)])
        assert await written(log, first, 3) == await written(log, second, 3) == [0, 1, 2]

    @pytest.mark.parametrize("refused", [0, 5, 10])
    async def test_the_refused_record_is_found_and_all_others_arrive(self, log: LogUnderTest, refused: int) -> None:
        place = Partition(log.topics[1], 2)
        records = [bad(number) if number == refused else good(number) for number in range(11)]
        await log.publisher.publish(*place, [good(100)])
        arrived, refusals = 0, []
        async for outcome in publish_around_refused(lambda a, z: log.publisher.publish(*place, records[a:z]), 11):
            arrived += outcome.arrived
            if outcome.refusal is not None:
                refusals.append((arrived, str(outcome.refusal)))
        assert [number for number, _ in refusals] == [refused]
        assert "INVALID_TIMESTAMP" in refusals[0][1]
        assert arrived == 10
        expected = [100, *(number for number in range(11) if number != refused)]
        assert await written(log, place, len(expected)) == expected
