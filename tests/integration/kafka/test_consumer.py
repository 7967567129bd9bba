"""The real consumer passes what its fake passes, and notices what only a broker does."""

from collections.abc import AsyncIterator
from typing import Any

import pytest

from ordercast.services.shared.kafka.open_consumer import FEED_FETCH_BYTES, open_feed_reader, open_reader
from ordercast.services.shared.kafka.records import Partition, Record
from tests.support.consumer_checks import ConsumerChecks
from tests.support.logs_under_test import TOPIC_PARTITIONS, LogUnderTest, Positions, kafka_log_under_test


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


# Larger than what a reader of the feed asks for.
LARGE = 800_000


def held(client: Any) -> int:
    """Bytes that an aiokafka consumer has fetched and not handed out."""
    results = client._fetcher._records.values()
    return sum(result._partition_records._records.size_in_bytes() for result in results)


async def test_a_reader_of_the_feed_holds_one_answer_however_many_its_partitions_are(kafka_bootstrap: str) -> None:
    async with kafka_log_under_test(kafka_bootstrap) as log:
        places = [Partition(topic, number) for topic in log.topics for number in range(TOPIC_PARTITIONS)]
        for place in places:
            for size in [250_000] * 6 + [LARGE]:
                await log.publisher.publish(*place, [Record(b"", bytes(size), [], 1)])
        read, most = dict.fromkeys(places, 0), 0
        async with open_feed_reader(kafka_bootstrap, places, Positions()) as reader:
            reader._client._fetcher._prefetch_backoff = 0.0  # fetches as soon as it may
            while min(read.values()) < 7:
                for piece in await reader.poll(max_records=1, timeout_s=5.0):
                    read[piece.partition] += sum(len(record.value or b"") >= 250_000 for record in piece.records)
                await reader.ends()  # time enough for another fetch
                most = max(most, held(reader._client))
    assert FEED_FETCH_BYTES < LARGE
    assert set(read.values()) == {7}
    # One answer, and without its backoff the client may have asked for another before it was polled.
    assert most < 2 * (LARGE + 1_000), most
