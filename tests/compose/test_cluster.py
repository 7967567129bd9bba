"""Three brokers: every record is on three, and any one of them may go."""

import asyncio
import re
from collections.abc import AsyncIterator
from typing import Final

import pytest

from tests.support.compose import ComposeProject, compose_project

ORDERS: Final = "400"
TOPICS: Final = ("orders", "views", "models", "dead-letters")


@pytest.fixture(scope="module")
async def cluster(compose: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[ComposeProject]:
    """What orders need on their way to the feature table, with three brokers."""
    async with compose_project(compose, tmp_path_factory.mktemp("cluster") / "secrets", "cluster.env") as project:
        await project.up("order_api", "relay", "feature_worker")
        yield project


async def describe(cluster: ComposeProject, topic: str) -> str:
    tool = ("/opt/kafka/bin/kafka-topics.sh", "--bootstrap-server", "brokers:9092")
    return await cluster.compose("exec", "-T", "kafka", *tool, "--describe", "--topic", topic)


async def test_orders_flow_on_while_a_broker_is_killed_and_each_counts_once(cluster: ComposeProject) -> None:
    """The broker that is killed comes first in every list: it is a leader, and known to all."""
    for topic in TOPICS:
        described = await describe(cluster, topic)
        assert "ReplicationFactor: 3" in described
        assert "min.insync.replicas=2" in described

    posting = asyncio.create_task(cluster.door("sample", "--mode", "uniform", "--seed", "1", "--orders", ORDERS))
    await until_published(cluster)
    await cluster.compose("kill", "kafka")
    assert f"{ORDERS} orders; 0 orders refused" in await posting
    again = await cluster.door("sample", "--mode", "uniform", "--seed", "2", "--orders", ORDERS)
    assert f"{ORDERS} orders; 0 orders refused" in again

    others = ",".join(f"127.0.0.1:{cluster.ports[name]}" for name in ("KAFKA_2", "KAFKA_3"))
    verified = await cluster.door("verify", "--wait", "90", ORDERCAST_KAFKA_BOOTSTRAP=others)
    assert verified.endswith("verify: 0 differences\n")


async def until_published(cluster: ComposeProject) -> None:
    """Returns when the relay has sent an event."""
    async with asyncio.timeout(60):
        while True:
            tool = ("/opt/kafka/bin/kafka-get-offsets.sh", "--bootstrap-server", "brokers:9092", "--topic", "orders")
            offsets = await cluster.compose("exec", "-T", "kafka-2", *tool)
            if any(int(end) for end in re.findall(r"^orders:\d+:(\d+)$", offsets, re.MULTILINE)):
                return
            await asyncio.sleep(0.5)
