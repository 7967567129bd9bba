"""Kafka gone at the start and in between: models are served all the same, and signals are heard again afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from ordercast.infra.local.ports import free_port
from ordercast.services.shared.kafka.topics import create_topics
from tests.conftest import TEST_PARTITIONS
from tests.integration.predictor.conftest import Workplace
from tests.integration.predictor.watch import (
    SOON_S,
    announce,
    eventually,
    eventually_listens,
    eventually_serves,
    serves,
)
from tests.support.stack import Stack

# The listener waits up to 8 s between attempts, and the broker itself takes a few to come back.
RECONNECTED_S = 2 * SOON_S


async def test_a_model_is_served_and_activated_while_kafka_is_away(workplace: Workplace) -> None:
    older, newer = await workplace.publish(1.0), await workplace.publish(2.0)
    async with workplace.predictor(kafka_bootstrap=f"127.0.0.1:{free_port()}") as client:
        await eventually_serves(client, newer)
        answer = await client.post(f"/models/{older.version}/activate", headers=workplace.token(1, "ADMIN"))
        assert answer.status_code == 200
        assert answer.json()["announced"] is False
        assert await serves(client, older)
        ready = await client.get("/readyz")
        assert ready.status_code == 200
        assert ready.json()["status"] == "degraded"


async def test_hears_of_new_models_again_when_the_broker_is_back(
    workplace: Workplace, stack: Stack, tmp_path: Path
) -> None:
    first = await workplace.publish(1.0)
    async with (
        stack.kafka(tmp_path / "kafka") as broker,
        workplace.predictor(kafka_bootstrap=broker.bootstrap) as client,
    ):
        await eventually_serves(client, first)

        async def does_not_listen() -> bool:
            ready: dict[str, dict[str, str]] = (await client.get("/readyz")).json()
            return ready["checks"]["kafka"] != "ok"

        async with broker.running():
            await create_topics(broker.bootstrap, TEST_PARTITIONS)
            await eventually_listens(client, RECONNECTED_S)
        await eventually(does_not_listen, RECONNECTED_S)
        assert await serves(client, first)
        async with broker.running():
            await eventually_listens(client, RECONNECTED_S)
            second = await workplace.publish(2.0)
            await announce(broker.bootstrap, second)
            await eventually_serves(client, second)


async def test_an_activation_holds_though_kafka_refuses_to_announce_it(
    workplace: Workplace, stack: Stack, tmp_path: Path
) -> None:
    older, newer = await workplace.publish(1.0), await workplace.publish(2.0)
    async with stack.kafka(tmp_path / "kafka") as broker, broker.running():
        async with closing_admin(broker.bootstrap) as admin:
            # What a host's clock that is wrong comes to: every record that is not of this millisecond is refused.
            limits = {"message.timestamp.before.max.ms": "0", "message.timestamp.after.max.ms": "0"}
            await admin.create_topics([NewTopic("models", 1, 1, topic_configs=limits)])
        async with workplace.predictor(kafka_bootstrap=broker.bootstrap) as client:
            await eventually_serves(client, newer)
            answer = await client.post(f"/models/{older.version}/activate", headers=workplace.token(1, "ADMIN"))
            assert (answer.status_code, answer.json()["announced"]) == (200, False)
            assert await serves(client, older)


@asynccontextmanager
async def closing_admin(bootstrap: str) -> AsyncIterator[AIOKafkaAdminClient]:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        yield admin
    finally:
        await admin.close()
