"""The fake in memory passes what the real consumer passes."""

import pytest

from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.records import Partition
from tests.support.consumer_checks import ConsumerChecks, numbered
from tests.support.logs_under_test import LogUnderTest, MemoryLogUnderTest, Positions


class TestMemoryConsumer(ConsumerChecks):
    @pytest.fixture
    def log(self) -> LogUnderTest:
        return MemoryLogUnderTest()


async def test_a_log_that_is_away_says_nothing_to_a_poll_and_fails_a_question() -> None:
    log = MemoryLogUnderTest()
    place = Partition(log.topics[0], 0)
    async with log.consumer([place], Positions()) as consumer:
        await consumer.poll(max_records=1, timeout_s=0)
        await log.publisher.publish(*place, numbered(1))
        log.memory.available = False
        assert await consumer.poll(max_records=1, timeout_s=0) == []
        with pytest.raises(BrokerUnavailable):
            await consumer.ends()
