"""PostgreSQL or Kafka killed in between: the worker waits, and neither loses nor doubles an event."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import pytest

from ordercast.infra.migrations.upgrade import upgrade
from ordercast.services.shared.db.engine import open_database
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.topics import create_topics
from tests.integration.feature_worker.test_worker_process import PARTITIONS, make_facts, publish
from tests.support.event_streams import Fact, numbered_records
from tests.support.feature_tables import read_rows, read_trends
from tests.support.fresh_topics import FreshTopics
from tests.support.oracle import feature_table, trends_table
from tests.support.stack import KafkaUnderTest, PostgresUnderTest, Stack
from tests.support.worker_process import WorkerPlace

# Time (s) that a server's restart may take on a busy machine; the worker's own patience is another test's subject.
RESTARTED_WITHIN_S: Final = 240.0


@pytest.fixture
async def server(stack: Stack, tmp_path: Path) -> AsyncIterator[PostgresUnderTest]:
    """A PostgreSQL of this test's own, not started."""
    async with stack.postgres(tmp_path / "postgres") as server:
        yield server


async def test_postgresql_killed_and_restarted_in_the_middle(
    server: PostgresUnderTest, fresh_topics: FreshTopics, tmp_path: Path
) -> None:
    place = WorkerPlace(server.url(), fresh_topics.bootstrap, PARTITIONS, tmp_path)
    facts = make_facts(4_000)
    async with server.running() as postgres:
        await server.create_database()
        await asyncio.to_thread(upgrade, server.url())
        async with open_publisher(fresh_topics.bootstrap, client_id="test") as publisher:
            await publish(publisher, facts)
        worker = await place.start(worker_batch_events=10, worker_stuck_after_s=RESTARTED_WITHIN_S)
        async with open_database(server.url(), application="test") as sessions, asyncio.timeout(30):
            while not await read_rows(sessions):
                await asyncio.sleep(0.01)
        postgres.kill()
        await postgres.wait()
    await worker.says("waiting, nothing is lost")
    async with (
        server.running(),
        open_database(server.url(), application="test") as sessions,
    ):
        await place.applied_all(sessions, worker)
        assert await worker.stop() == 0
        assert await read_rows(sessions) == feature_table(facts)
        assert await read_trends(sessions) == trends_table(facts)


@pytest.fixture
async def broker(stack: Stack, tmp_path: Path) -> AsyncIterator[KafkaUnderTest]:
    """A broker of this test's own, not started."""
    async with stack.kafka(tmp_path / "kafka") as broker:
        yield broker


async def test_kafka_killed_and_restarted_in_the_middle(
    broker: KafkaUnderTest, database_url: str, tmp_path: Path
) -> None:
    place = WorkerPlace(database_url, broker.bootstrap, PARTITIONS, tmp_path)
    facts = make_facts(2_000)
    async with broker.running() as kafka:
        await create_topics(broker.bootstrap, PARTITIONS)
        await _publish_part(broker, facts, first=True)
        worker = await place.start(worker_batch_events=50, worker_stuck_after_s=RESTARTED_WITHIN_S)
        await worker.says("partitions assigned")
        kafka.kill()
        await kafka.wait()
    await worker.says("Kafka does not answer")
    async with (
        broker.running(),
        open_database(database_url, application="test") as sessions,
    ):
        await _publish_part(broker, facts, first=False)
        await place.applied_all(sessions, worker)
        assert await worker.stop() == 0
        assert await read_rows(sessions) == feature_table(facts)
        assert await read_trends(sessions) == trends_table(facts)


async def test_a_broker_that_stays_away_ends_the_worker(
    broker: KafkaUnderTest, database_url: str, tmp_path: Path
) -> None:
    place = WorkerPlace(database_url, broker.bootstrap, PARTITIONS, tmp_path)
    async with broker.running():
        await create_topics(broker.bootstrap, PARTITIONS)
        worker = await place.start(worker_stuck_after_s=2)
        await worker.says("partitions assigned")
    assert await worker.ended() == 1
    assert re.search(
        "alarm: the worker stops.*Kafka (has not answered for 2 s|does not answer)", worker.log.read_text()
    )


async def _publish_part(broker: KafkaUnderTest, facts: list[Fact], *, first: bool) -> None:
    """The first or the second half of each partition's records."""
    async with open_publisher(broker.bootstrap, client_id="test") as publisher:
        for place, records in numbered_records(facts, PARTITIONS).items():
            half = len(records) // 2
            await publisher.publish(*place, records[:half] if first else records[half:])
