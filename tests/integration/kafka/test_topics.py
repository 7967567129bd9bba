"""The topics of the contract, as `python -m ordercast.services.shared.kafka.topics` makes them."""

import asyncio
import os
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from ordercast.contracts.topics import ORDERS
from ordercast.infra.local.install import ensure_kafka
from ordercast.infra.local.kafka import MESSAGE_MAX_BYTES, KafkaBroker
from ordercast.infra.local.ports import free_port
from ordercast.services.shared.kafka import topics as topics_module
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.topics import create_topics, topic_configs
from tests.support.embedded import running


async def run_topics(**variables: str) -> tuple[int | None, str]:
    """Exit status and stderr."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("ORDERCAST_")}
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "ordercast.services.shared.kafka.topics"),
        env={**environment, **variables},
        stderr=asyncio.subprocess.PIPE,
    )
    _, error = await child.communicate()
    return child.returncode, error.decode()


async def test_they_are_made_once_with_the_partitions_asked_for_and_keep_everything(tmp_path: Path) -> None:
    broker = KafkaBroker(await ensure_kafka(), tmp_path / "kafka", free_port(), free_port(), tmp_path / "kafka.log")
    await broker.prepare()
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets" / "ordercast_kafka_bootstrap").write_text(broker.bootstrap)
    async with running(broker.command(), broker.answers):
        for _ in range(2):
            assert await run_topics(ORDERCAST_SECRETS_DIR=str(tmp_path / "secrets"), ORDERCAST_PARTITIONS="3") == (
                0,
                "",
            )
        status, error = await run_topics(ORDERCAST_KAFKA_BOOTSTRAP=broker.bootstrap, ORDERCAST_PARTITIONS="4")
        assert (status, error) == (1, "topics: topic orders has 3 partitions, not 4; partitions cannot change\n")
        assert await config_of(broker.bootstrap, "orders", "retention.ms") == "-1"
        assert await config_of(broker.bootstrap, "orders", "cleanup.policy") == "delete"
        for topic in ("products", "accounts"):
            assert await config_of(broker.bootstrap, topic, "cleanup.policy") == "compact"
            assert await config_of(broker.bootstrap, topic, "max.compaction.lag.ms") == "86400000"


async def test_topics_that_are_there_are_altered_to_take_what_is_accepted_and_keep_the_rest(tmp_path: Path) -> None:
    broker = KafkaBroker(await ensure_kafka(), tmp_path / "kafka", free_port(), free_port(), tmp_path / "kafka.log")
    await broker.prepare()
    async with running(broker.command(), broker.answers):
        admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
        await admin.start()
        own = {"segment.ms": "86400000", "max.message.bytes": "4194304", "message.timestamp.after.max.ms": "1000"}
        await admin.create_topics([NewTopic("orders", 3, 1, topic_configs=own)])
        await admin.close()
        assert await run_topics(ORDERCAST_KAFKA_BOOTSTRAP=broker.bootstrap, ORDERCAST_PARTITIONS="3") == (0, "")
        for topic in ("orders", "views", "models", "dead-letters"):
            for limit in ("message.timestamp.after.max.ms", "message.timestamp.before.max.ms"):
                # A broker may tell of what was altered a moment ago as it was before.
                async with asyncio.timeout(30):
                    while await config_of(broker.bootstrap, topic, limit) != str(2**63 - 1):
                        await asyncio.sleep(0.1)
        assert await config_of(broker.bootstrap, "views", "max.message.bytes") == str(MESSAGE_MAX_BYTES)
        # Only raised, and nothing that somebody has set is lost.
        assert await config_of(broker.bootstrap, "orders", "max.message.bytes") == "4194304"
        assert await config_of(broker.bootstrap, "orders", "segment.ms") == "86400000"


async def test_a_broker_that_lacks_a_setting_gets_the_topics_with_the_others_and_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(topics_module, "ADMITTANCE", {**topics_module.ADMITTANCE, "no.such.setting": "1"})
    monkeypatch.setattr(topics_module, "AT_STAKE", {**topics_module.AT_STAKE, "no.such.setting": "something"})
    broker = KafkaBroker(await ensure_kafka(), tmp_path / "kafka", free_port(), free_port(), tmp_path / "kafka.log")
    await broker.prepare()
    async with running(broker.command(), broker.answers):
        async with asyncio.timeout(60):
            while "no.such.setting" not in caplog.text:
                # What was made a moment ago may still be unknown to the broker that is asked for its settings.
                with suppress(BrokerUnavailable):
                    await create_topics(broker.bootstrap, 3)
            while await config_of(broker.bootstrap, "orders", "message.timestamp.after.max.ms") != str(2**63 - 1):
                await asyncio.sleep(0.1)
        assert "something (no.such.setting=1 is asked for)" in caplog.text
        assert await config_of(broker.bootstrap, "orders", "retention.ms") == "-1"


async def config_of(bootstrap: str, topic: str, name: str) -> str | None:
    """A topic's own setting."""
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, topic)])
    finally:
        await admin.close()
    return next((value for key, value, *_ in answer.resources[0][4] if key == name), None)


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({}, "ORDERCAST_KAFKA_BOOTSTRAP: Field required"),
        ({"ORDERCAST_KAFKA_BOOTSTRAP": "127.0.0.1:1", "ORDERCAST_REPLICATION": "none"}, "ORDERCAST_REPLICATION: "),
        ({"ORDERCAST_KAFKA_BOOTSTRAP": "127.0.0.1:1"}, "topics were not created at 127.0.0.1:1"),
    ],
)
async def test_what_is_wrong_is_one_line(variables: dict[str, str], reason: str) -> None:
    status, error = await run_topics(**variables)
    assert status == 1
    assert error.startswith(f"topics: {reason}")
    assert error.count("\n") == 1


def test_three_replicas_acknowledge_when_two_have_it_and_fewer_ask_for_no_second() -> None:
    assert topic_configs(ORDERS, 3)["min.insync.replicas"] == "2"
    assert "min.insync.replicas" not in topic_configs(ORDERS, 2)
