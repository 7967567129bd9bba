"""The log in memory refuses as a broker does."""

import time

import pytest

from ordercast.services.shared.kafka.records import Record
from tests.support.logs_under_test import LogUnderTest, MemoryLogUnderTest
from tests.support.publisher_checks import PublisherChecks


def more_than_an_hour_ahead(record: Record) -> str | None:
    return "INVALID_TIMESTAMP" if record.timestamp_ms > time.time_ns() // 10**6 + 3_600_000 else None


class TestMemoryLog(PublisherChecks):
    @pytest.fixture
    def log(self) -> LogUnderTest:
        log = MemoryLogUnderTest()
        log.memory.refuses = more_than_an_hour_ahead
        return log
