"""The real consumer passes what its fake passes, and notices what only a broker does."""

from collections.abc import AsyncIterator

import pytest

from ordercast.services.shared.kafka.open_consumer import open_reader
from tests.support.consumer_checks import ConsumerChecks
from tests.support.logs_under_test import LogUnderTest, Positions, kafka_log_under_test


class TestKafkaConsumer(ConsumerChecks):
    @pytest.fixture
    async def log(self, kafka_bootstrap: str) -> AsyncIterator[LogUnderTest]:
        async with kafka_log_under_test(kafka_bootstrap) as log:
            yield log


async def test_a_reader_may_be_closed_as_soon_as_it_is_open(kafka_bootstrap: str) -> None:
    """aiokafka cancelled whoever stopped a client in the moment after its start."""
    for _ in range(3):
        async with open_reader(kafka_bootstrap, [], read_positions=Positions()):
            pass
