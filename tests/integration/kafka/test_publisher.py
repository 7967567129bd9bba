"""The real publisher passes what its fake passes, and tells a fault of a record from one of the broker."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ordercast.services.shared.kafka.errors import BrokerUnavailable, RecordRefused
from ordercast.services.shared.kafka.publisher import MAX_BATCH_BYTES, KafkaPublisher, open_publisher
from ordercast.services.shared.kafka.records import Partition, Record
from ordercast.services.shared.kafka.topic_ends import end_offsets
from tests.support.logs_under_test import LogUnderTest, kafka_log_under_test
from tests.support.publisher_checks import PublisherChecks, bad, good, written


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
                await publisher.publish("compact", 0, [Record(None, b"x", [], good(1).timestamp_ms)])
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


async def test_a_partition_that_the_topic_lacks_may_come_yet(kafka_bootstrap: str) -> None:
    """Seen: the client's AssertionError ended whoever published, at one record of many."""
    async with kafka_log_under_test(kafka_bootstrap) as log:
        topic = log.topics[0]
        with pytest.raises(BrokerUnavailable, match=f"{topic}/99: .*the topic has only the partitions 0 to "):
            await log.publisher.publish(topic, 99, [good(1)])
        await log.publisher.publish(topic, 0, [good(1)])


async def test_a_refusal_that_comes_after_the_deadline_spoils_nothing_that_follows(
    kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen: every later send was refused as out of order, until the process was started again."""
    async with kafka_log_under_test(kafka_bootstrap) as log, open_publisher(kafka_bootstrap, client_id="test") as kept:
        place = Partition(log.topics[0], 0)
        await kept.publish(*place, [good(1)])
        with monkeypatch.context() as patch:
            patch.setattr("ordercast.services.shared.kafka.publisher.PUBLISH_DEADLINE_S", 0.0)
            with pytest.raises(BrokerUnavailable):
                await kept.publish(*place, [bad(2)])
        await kept._producer.flush()
        await kept.publish(*place, [good(3)])
        assert await written(log, place, 2) == [1, 3]


async def test_an_error_in_the_middle_says_how_many_records_have_arrived(
    kafka_bootstrap: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordercast.services.shared.kafka.publisher.MAX_BATCH_BYTES", 250)
    send = KafkaPublisher._send
    sent = 0

    async def away_after_two(*arguments: Any) -> None:
        nonlocal sent
        if sent == 2:
            raise TimeoutError
        sent += 1
        await send(*arguments)

    monkeypatch.setattr(KafkaPublisher, "_send", away_after_two)
    async with kafka_log_under_test(kafka_bootstrap) as log:
        place = Partition(log.topics[0], 0)
        with pytest.raises(BrokerUnavailable, match="TimeoutError") as away:
            await log.publisher.publish(*place, [good(number) for number in range(100)])
        assert 2 <= away.value.arrived < 100
        assert await written(log, place, away.value.arrived) == list(range(away.value.arrived))
