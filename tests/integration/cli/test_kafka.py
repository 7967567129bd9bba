"""`ordercast kafka add-reader`: a user for a consumer, made as docs/consumers says."""

import asyncio
import re
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.errors import GroupAuthorizationFailedError, TopicAuthorizationFailedError

from ordercast.kafka_security import client_arguments
from ordercast.running_client import running as open_client
from tests.integration.cli.conftest import Running

PAGE: Final = Path(__file__).parents[3] / "docs/consumers/README.md"


async def read(arguments: dict[str, Any], topic: str, group: str) -> str:
    """The topic of the first record that comes."""
    consumer = AIOKafkaConsumer(topic, group_id=group, auto_offset_reset="earliest", **arguments)
    async with asyncio.timeout(30), open_client(consumer, start_deadline_s=20.0):
        return str((await consumer.getone()).topic)


async def test_a_reader_reads_its_topics_as_its_group_and_may_do_nothing_else(running: Running) -> None:
    product = await running.admin.order_api.create_product("READ-1", "Mug", Decimal("8.50"), "EUR")
    await running.admin.order_api.place_order([(product.id, 1)])
    found = re.search(r'eval "\$\(ordercast (kafka add-reader .+)\)"', PAGE.read_text())
    assert found is not None
    said = await running.run(*found[1].split())
    assert said.exit_code == 0, said.output
    variables = dict(re.findall(r"^export (\w+)=(\S+)$", said.stdout, re.MULTILINE))
    arguments = client_arguments(variables["ORDERCAST_KAFKA_BOOTSTRAP"], variables)
    assert arguments["bootstrap_servers"] == running.system.info.kafka_bootstrap
    assert await read(arguments, "orders", "shop-totals") == "orders"
    with pytest.raises(TopicAuthorizationFailedError):
        await read(arguments, "views", "shop-totals")
    with pytest.raises(GroupAuthorizationFailedError):
        await read(arguments, "orders", "feature_worker")
    producer = AIOKafkaProducer(**arguments)
    async with open_client(producer, start_deadline_s=20.0):
        with pytest.raises(TopicAuthorizationFailedError):
            await producer.send_and_wait("orders", b"{}")
