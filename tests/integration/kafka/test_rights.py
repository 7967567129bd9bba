"""What each role may do on the embedded broker: the table of rights, tried as each of them; and strangers, who may do nothing."""

from collections.abc import AsyncIterator, Collection, Mapping
from pathlib import Path
from typing import Final

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import (
    AuthenticationFailedError,
    KafkaConnectionError,
    TopicAuthorizationFailedError,
)

from ordercast.client.kafka import KafkaUnavailable
from ordercast.client.kafka import open_consumer as open_outsider
from ordercast.contracts.topics import ALL_TOPICS
from ordercast.infra.kafka.rights import ADMIN, RIGHTS, ROLES, Right, user_of
from ordercast.infra.local.install import ensure_kafka
from ordercast.infra.local.kafka import KafkaBroker
from ordercast.infra.local.ports import free_port
from ordercast.kafka_security import client_arguments
from ordercast.running_client import running as open_client
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.open_consumer import open_reader, read_topic
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.records import Partition, Record
from ordercast.services.shared.kafka.topic_ends import end_offsets
from ordercast.services.shared.kafka.topics import create_topics
from tests.support.embedded import running
from tests.support.kafka_rights import DEADLINE_S, allowed, may, strangers

RECORD: Final = Record(b"1", b"{}", [], 0)
PASSWORDS: Final = {role: f"password of {role}" for role in (*ROLES, ADMIN)}
# Kafka's code for a topic that may not be made.
TOPIC_AUTHORIZATION_FAILED: Final = TopicAuthorizationFailedError.errno


@pytest.fixture(scope="module")
async def broker(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KafkaBroker]:
    """With a record in each topic."""
    folder = tmp_path_factory.mktemp("kafka")
    broker = KafkaBroker(await ensure_kafka(), folder, free_port(), free_port(), folder / "log", passwords=PASSWORDS)
    await broker.prepare()
    async with running(broker.command(), broker.answers):
        await broker.grant_rights()
        await create_topics(broker.address(ADMIN), 1)
        async with open_publisher(broker.address(ADMIN), client_id="test") as publisher:
            for topic in ALL_TOPICS:
                await publisher.publish(topic.name, 0, [RECORD])
        yield broker


async def test_each_role_may_do_with_each_topic_what_the_table_says_and_no_more(broker: KafkaBroker) -> None:
    assert await allowed(broker) == RIGHTS


async def test_nobody_but_the_super_user_makes_topics_not_even_by_writing_to_them(broker: KafkaBroker) -> None:
    for role in ROLES:
        admin = AIOKafkaAdminClient(**client_arguments(broker.address(role)))
        await admin.start()
        made = await admin.create_topics([NewTopic("bread", 1, 1)])
        await admin.close()
        assert [code for _, code, *_ in made.topic_errors] == [TOPIC_AUTHORIZATION_FAILED]
    admin = AIOKafkaAdminClient(**client_arguments(broker.address(ADMIN)))
    await admin.start()
    await admin.describe_topics(["bread"])  # clients ask so before they write, which makes topics where that is on
    assert "bread" not in await admin.list_topics()
    await admin.close()


async def test_strangers_neither_write_nor_read_at_any_port(broker: KafkaBroker) -> None:
    for name, arguments in strangers(broker).items():
        for port in (broker.port, broker.controller_port):
            at = arguments | {"bootstrap_servers": f"127.0.0.1:{port}", "request_timeout_ms": 2_000}
            for client in (AIOKafkaProducer(**at), AIOKafkaConsumer(**at)):
                with pytest.raises((KafkaConnectionError, AuthenticationFailedError)):
                    async with open_client(client, start_deadline_s=DEADLINE_S):
                        raise AssertionError(f"let in {name} at {port}")


async def _publish(address: str) -> None:
    async with open_publisher(address, client_id="test"):
        raise AssertionError("it was let in")


async def _read(address: str) -> None:
    async with open_reader(address, [Partition("orders", 0)], read_positions=_nowhere):
        raise AssertionError("it was let in")


async def _nowhere(_partitions: Collection[Partition]) -> Mapping[Partition, int]:
    return {}


async def _look(address: str) -> None:
    async with open_outsider(address):
        raise AssertionError("it was let in")


async def test_our_clients_are_refused_with_errors_that_show_no_password(broker: KafkaBroker) -> None:
    address = f"{user_of('relay')}:guessed@{broker.bootstrap}"
    tries = (
        _publish(address),
        _read(address),
        _look(address),
        create_topics(address, 1),
        end_offsets(address, ["orders"]),
    )
    for trying in tries:
        with pytest.raises((BrokerUnavailable, KafkaUnavailable)) as refused:
            await trying
        assert broker.bootstrap in str(refused.value)
        assert "guessed" not in str(refused.value)


async def test_what_the_table_no_longer_says_is_revoked(broker: KafkaBroker, monkeypatch: pytest.MonkeyPatch) -> None:
    extra = Right("trainer", "TOPIC", "orders", "WRITE")
    module = "ordercast.infra.kafka.grant_rights.RIGHTS"
    with monkeypatch.context() as patch:
        patch.setattr(module, RIGHTS | {extra})
        await broker.grant_rights()
        assert await may(broker, extra)
    await broker.grant_rights()
    assert not await may(broker, extra)


async def test_a_folder_of_a_release_without_users_keeps_its_records(tmp_path: Path) -> None:
    install = await ensure_kafka()
    before = KafkaBroker(install, tmp_path / "kafka", free_port(), free_port(), tmp_path / "log")
    await before.prepare()
    async with running(before.command(), before.answers):
        await create_topics(before.bootstrap, 1)
        async with open_publisher(before.bootstrap, client_id="test") as publisher:
            await publisher.publish("orders", 0, [RECORD])
    after = KafkaBroker(install, tmp_path / "kafka", free_port(), free_port(), tmp_path / "log", passwords=PASSWORDS)
    await after.prepare()
    async with running(after.command(), after.answers):
        await after.grant_rights()
        async with open_publisher(after.address("relay"), client_id="test") as publisher:
            await publisher.publish("orders", 0, [RECORD])
        read = [record.value async for record in read_topic(after.address("feature_worker"), "orders")]
        assert read == [b"{}", b"{}"]
        with pytest.raises(KafkaConnectionError):
            async with open_client(AIOKafkaProducer(bootstrap_servers=after.bootstrap), start_deadline_s=DEADLINE_S):
                raise AssertionError("let in")
