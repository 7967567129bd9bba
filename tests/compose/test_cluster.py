"""Three brokers: every record is on three, and any one of them may go."""

import asyncio
from collections.abc import Iterator
from typing import Final

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from ordercast.client.kafka import ends_of, open_consumer
from tests.support.compose import ComposeProject, compose_project

# A busy machine takes minutes to start everything.
pytestmark = pytest.mark.timeout(600)

ORDERS: Final = 1_000
OUR_TOPICS: Final = ("orders", "views", "predictions", "models", "products", "accounts", "dead-letters")
PUBLISHED_WITHIN_S: Final = 60


@pytest.fixture(scope="module")
def cluster(compose: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ComposeProject]:
    """What orders need on their way to the feature table, with three brokers."""
    with compose_project(compose, tmp_path_factory.mktemp("cluster") / "secrets", "cluster.env") as project:
        project.up("order_api", "relay", "feature_worker")
        yield project


async def test_every_topic_has_three_copies_and_ours_wait_for_two(cluster: ComposeProject) -> None:
    admin = AIOKafkaAdminClient(**cluster.kafka_client("admin") | {"sasl_mechanism": "PLAIN"})
    await admin.start()
    try:
        described = {topic["topic"]: topic["partitions"] for topic in await admin.describe_topics()}
        resources = [ConfigResource(ConfigResourceType.TOPIC, name) for name in OUR_TOPICS]
        settings = (await admin.describe_configs(resources))[0].resources
    finally:
        await admin.close()
    assert {*OUR_TOPICS, "__consumer_offsets"} <= set(described)
    copies = {name: {len(partition["replicas"]) for partition in partitions} for name, partitions in described.items()}
    assert all(found == {3} for found in copies.values()), copies
    in_sync = {name: {key: value for key, value, *_ in entries} for *_, name, entries in settings}
    assert {name: found["min.insync.replicas"] for name, found in in_sync.items()} == dict.fromkeys(OUR_TOPICS, "2")


async def test_orders_flow_on_while_a_broker_is_killed_and_each_counts_once(
    cluster: ComposeProject, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker that is killed comes first in every list: it leads partitions, and is known to all."""
    monkeypatch.setenv("ORDERCAST_SECRETS_DIR", str(cluster.secrets / "cli"))
    others = cluster.brokers("KAFKA_2", "KAFKA_3")
    sample = ("sample", "--mode", "uniform", "--orders", str(ORDERS))
    posting = asyncio.create_task(asyncio.to_thread(cluster.cli, *sample, "--seed", "1"))
    await until_published(others)
    cluster.compose("kill", "kafka")
    assert not posting.done()
    for posted in (await posting, cluster.cli(*sample, "--seed", "2")):
        assert f"{ORDERS:,} orders; 0 orders refused" in posted

    verified = cluster.cli("verify", "--wait", "90", ORDERCAST_KAFKA_BOOTSTRAP=others)
    assert verified.endswith("verify: 0 differences\n")


async def until_published(bootstrap: str) -> None:
    """Returns when the relay has sent an event of an order."""
    async with asyncio.timeout(PUBLISHED_WITHIN_S), open_consumer(bootstrap) as consumer:
        while not sum((await ends_of(consumer, ["orders"])).values()):
            await asyncio.sleep(0.1)
