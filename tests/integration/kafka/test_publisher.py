"""The real publisher passes what its fake passes, and tells a fault of a record from one of the broker."""

from collections.abc import AsyncIterator

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ordercast.services.shared.kafka.errors import BrokerUnavailable, RecordRefused
from ordercast.services.shared.kafka.publisher import MAX_BATCH_BYTES, open_publisher
from ordercast.services.shared.kafka.records import Record
from ordercast.services.shared.kafka.topic_ends import end_offsets
from tests.support.logs_under_test import LogUnderTest, kafka_log_under_test
from tests.support.publisher_checks import PublisherChecks, good


class TestKafkaPublisher(PublisherChecks):
    @pytest.fixture
    async def log(self, kafka_bootstrap: str) -> AsyncIterator[LogUnderTest]:
        async with kafka_log_under_test(kafka_bootstrap) as log:
            yield log


async def test_whatever_lies_in_the_record_is_a_refusal_with_the_brokers_reason(kafka_bootstrap: str) -> None:
    configs = {"small": {"max.message.bytes": "500"}, "compact": {"cleanup.policy": "compact"}}
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    try:
        await admin.create_topics([NewTopic(name, 1, 1, topic_configs=config) for name, config in configs.items()])
        await end_offsets(kafka_bootstrap, configs)
        async with open_publisher(kafka_bootstrap, client_id="test") as publisher:
            with pytest.raises(RecordRefused, match="MESSAGE_SIZE_TOO_LARGE"):
                await publisher.publish("small", 0, [Record(b"", b"x" * 600, [], good(1).timestamp_ms)])
            with pytest.raises(RecordRefused, match="INVALID_RECORD"):
                await publisher.publish("compact", 0, [Record(None, b"x", [], good(1).timestamp_ms)])  # type: ignore[arg-type]
            huge = Record(b"", b"x" * (3 * MAX_BATCH_BYTES), [], good(1).timestamp_ms)
            with pytest.raises(RecordRefused) as refused:
                await publisher.publish("compact", 0, [Record(b"k", b"1", [], good(1).timestamp_ms), huge])
            assert refused.value.arrived == 1
            for topic in configs:
                await publisher.publish(topic, 0, [Record(b"k", b"1", [], good(1).timestamp_ms)])
    finally:
        await admin.delete_topics(list(configs))
        await admin.close()


async def test_a_topic_that_is_missing_may_come_yet(kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ordercast.services.shared.kafka.publisher.PUBLISH_DEADLINE_S", 1.0)
    async with open_publisher(kafka_bootstrap, client_id="test") as publisher:
        with pytest.raises(BrokerUnavailable):
            await publisher.publish("no-such-topic", 0, [good(1)])
