"""A broker with TLS, SCRAM and ACLs: our clients work with it, and a stranger's neither write nor read."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from ordercast.client.kafka import KafkaUnavailable, ends_of
from ordercast.client.kafka import open_consumer as open_outsider
from ordercast.infra.certificates import make_certificate
from ordercast.infra.local.child import Command
from ordercast.infra.local.install import ensure_kafka
from ordercast.infra.local.kafka import KafkaBroker, KafkaInstall
from ordercast.infra.local.ports import free_port
from ordercast.infra.local.probes import kafka_answers
from ordercast.kafka_security import client_security
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.open_consumer import read_topic
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.records import Record
from ordercast.services.shared.kafka.topics import create_topics
from tests.support.embedded import running

USERS = {"ordercast": "a secret", "stranger": "another"}
MECHANISM = "SCRAM-SHA-512"


class SecuredBroker(KafkaBroker):
    """TLS and SCRAM on its port. `ordercast` may do all, `stranger` is known and may do nothing."""

    def _settings(self) -> dict[str, str | int]:
        module = "org.apache.kafka.common.security.scram.ScramLoginModule"
        login = f'{module} required username="ordercast" password="{USERS["ordercast"]}";'
        return {
            **super()._settings(),
            "listeners": f"SASL_SSL://{self.bootstrap},CONTROLLER://127.0.0.1:{self.controller_port}",
            "advertised.listeners": f"SASL_SSL://{self.bootstrap}",
            "listener.security.protocol.map": "SASL_SSL:SASL_SSL,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "SASL_SSL",
            "sasl.enabled.mechanisms": MECHANISM,
            "sasl.mechanism.inter.broker.protocol": MECHANISM,
            f"listener.name.sasl_ssl.{MECHANISM.lower()}.sasl.jaas.config": login,
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self.folder / "broker.pem"),
            "ssl.truststore.type": "PEM",
            "ssl.truststore.location": str(self.folder / "ca.pem"),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ordercast;User:ANONYMOUS",  # the latter is the controller, on a port of its own
        }

    def _format_command(self) -> Command:
        plain = super()._format_command()
        scram = [
            word
            for name, password in USERS.items()
            for word in ("--add-scram", f"{MECHANISM}=[name={name},password={password}]")
        ]
        return Command(plain.name, (*plain.arguments, *scram), plain.environment, plain.log)


@dataclass(frozen=True)
class Secured:
    """The running broker and the authority of its certificate."""

    bootstrap: str
    ca: str


@pytest.fixture(scope="module")
async def secured(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Secured]:
    folder = tmp_path_factory.mktemp("secured")
    install: KafkaInstall = await ensure_kafka()
    broker = SecuredBroker(install, folder / "kafka", free_port(), free_port(), folder / "kafka.log")
    broker.folder.mkdir()
    ca = write_certificate(broker.folder)
    secrets = {**login("ordercast"), "ORDERCAST_KAFKA_CA": ca}

    async def answers() -> bool:
        return await kafka_answers("127.0.0.1", broker.port, client_security(secrets)["ssl_context"])

    await broker.prepare()
    async with running(broker.command(), answers):
        yield Secured(broker.bootstrap, ca)


def write_certificate(folder: Path) -> str:
    """The broker's, with its key; the authority's, which clients check it with."""
    made = make_certificate(["127.0.0.1"])
    (folder / "broker.pem").write_text(made.key + made.certificate)
    (folder / "ca.pem").write_text(made.ca)
    return made.ca


def login(user: str, password: str | None = None) -> dict[str, str]:
    return {
        "ORDERCAST_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "ORDERCAST_KAFKA_USERNAME": user,
        "ORDERCAST_KAFKA_PASSWORD": password or USERS[user],
    }


def be(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


RECORD = Record(b"1", b"{}", [], int(time.time() * 1000))


async def test_our_clients_make_topics_write_and_read(secured: Secured, monkeypatch: pytest.MonkeyPatch) -> None:
    be(monkeypatch, {**login("ordercast"), "ORDERCAST_KAFKA_CA": secured.ca})
    await create_topics(secured.bootstrap, 2)
    async with open_publisher(secured.bootstrap, client_id="test") as publisher:
        await publisher.publish("orders", 1, [RECORD])
    assert [(stored.partition.number, stored.value) async for stored in read_topic(secured.bootstrap, "orders")] == [
        (1, b"{}")
    ]
    async with open_outsider(secured.bootstrap) as consumer:
        assert sum((await ends_of(consumer, ["orders"])).values()) == 1


async def test_who_is_known_but_has_no_right_neither_writes_nor_reads(
    secured: Secured, monkeypatch: pytest.MonkeyPatch
) -> None:
    be(monkeypatch, {**login("ordercast"), "ORDERCAST_KAFKA_CA": secured.ca})
    await create_topics(secured.bootstrap, 2)
    be(monkeypatch, login("stranger"))
    with pytest.raises(BrokerUnavailable):
        async with open_publisher(secured.bootstrap, client_id="test") as publisher:
            await publisher.publish("orders", 0, [RECORD])
    with pytest.raises(KafkaUnavailable):
        async with open_outsider(secured.bootstrap) as consumer:
            await ends_of(consumer, ["orders"])
    be(monkeypatch, login("ordercast"))
    assert all([stored.partition.number == 1 async for stored in read_topic(secured.bootstrap, "orders")])


@pytest.mark.parametrize(
    "who",
    [
        {},  # without TLS or a user, as a stranger on the same machine
        {**login("ordercast", "guessed"), "ORDERCAST_KAFKA_CA": "the broker's"},
        login("ordercast"),  # a broker whose certificate nobody of ours has signed gets no password
    ],
)
async def test_a_strangers_client_is_refused(
    secured: Secured, monkeypatch: pytest.MonkeyPatch, who: dict[str, str]
) -> None:
    be(monkeypatch, who)
    if "ORDERCAST_KAFKA_CA" in who:
        monkeypatch.setenv("ORDERCAST_KAFKA_CA", secured.ca)
    monkeypatch.setattr("ordercast.services.shared.kafka.publisher.PUBLISH_DEADLINE_S", 3.0)
    with pytest.raises(BrokerUnavailable, match="no Kafka broker answers at"):
        async with open_publisher(secured.bootstrap, client_id="test"):
            raise AssertionError("it was let in")
