"""The embedded broker by itself."""

import asyncio
import os
from pathlib import Path

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import MessageSizeTooLargeError, UnknownTopicOrPartitionError

from ordercast.infra.local.install import ensure_kafka
from ordercast.infra.local.kafka import JVM_VARIABLES, MESSAGE_MAX_BYTES, KafkaBroker, java_environment
from ordercast.infra.local.ports import free_port
from tests.support.embedded import running

TOPIC = "bread"


async def create_topic(bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(TOPIC, 1, 1)])
    await admin.close()


async def write(bootstrap: str, value: bytes) -> None:
    async with AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, max_request_size=2 * MESSAGE_MAX_BYTES
    ) as producer:
        await producer.send_and_wait(TOPIC, value, partition=0)


async def read_first(bootstrap: str) -> bytes:
    async with AIOKafkaConsumer(bootstrap_servers=bootstrap, auto_offset_reset="none") as consumer:
        consumer.assign([TopicPartition(TOPIC, 0)])
        consumer.seek(TopicPartition(TOPIC, 0), 0)
        async with asyncio.timeout(10):
            record = await consumer.getone()
    return bytes(record.value)


async def test_it_needs_no_java_of_the_machine_and_keeps_its_data_when_its_port_changes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing here"))
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "no java here"))
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:+NoSuchOption")
    install = await ensure_kafka()
    for value in (b"rye", b"wheat"):
        broker = KafkaBroker(install, tmp_path / "kafka", free_port(), free_port(), tmp_path / "log")
        await broker.prepare()
        async with running(broker.command(), broker.answers):
            if value == b"rye":
                await create_topic(broker.bootstrap)
            await write(broker.bootstrap, value)
            assert await read_first(broker.bootstrap) == b"rye"


def test_variables_that_would_change_the_jvm_are_left_out() -> None:
    dirty = {"PATH": os.environ["PATH"], **dict.fromkeys(JVM_VARIABLES, "x")}
    assert java_environment(dirty) == {"PATH": os.environ["PATH"]}


async def test_it_starts_from_the_class_archive(tmp_path: Path) -> None:
    install = await ensure_kafka()
    broker = KafkaBroker(install, tmp_path, free_port(), free_port(), tmp_path / "log")
    assert f"-XX:AOTCache={install.archive}" in broker.command().arguments
    assert install.archive.stat().st_size > 10_000_000


async def test_a_misspelt_topic_is_an_error_and_not_a_new_topic(kafka_bootstrap: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka_bootstrap)
    await admin.start()
    try:
        [described] = await admin.describe_topics(["braed"])
        assert described["error_code"] == UnknownTopicOrPartitionError.errno
        assert "braed" not in await admin.list_topics()
    finally:
        await admin.close()


async def test_a_record_over_the_limit_is_refused_by_the_broker(kafka_bootstrap: str) -> None:
    await create_topic(kafka_bootstrap)
    await write(kafka_bootstrap, b"x" * (MESSAGE_MAX_BYTES - 1024))
    with pytest.raises(MessageSizeTooLargeError):
        await write(kafka_bootstrap, b"x" * MESSAGE_MAX_BYTES)
