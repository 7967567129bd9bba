"""The fixtures keep tests apart: what one test writes, the next one does not find."""

import asyncpg
import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition

from ordercast.contracts.topics import ORDERS
from tests.support.fresh_topics import FreshTopics


def plain(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://")


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_each_test_has_a_migrated_database_of_its_own(database_url: str, turn: str) -> None:
    connection = await asyncpg.connect(plain(database_url))
    try:
        assert await connection.fetchval("SELECT count(*) FROM alembic_version") == 1
        assert await connection.fetchval("SELECT to_regclass('left_behind')") is None
        await connection.execute("CREATE TABLE left_behind ()")
    finally:
        await connection.close()


async def test_an_empty_database_has_no_schema(empty_database_url: str) -> None:
    connection = await asyncpg.connect(plain(empty_database_url))
    try:
        assert await connection.fetchval("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == 0
    finally:
        await connection.close()


@pytest.mark.parametrize("turn", ["first", "second"])
async def test_each_test_finds_the_topics_empty(fresh_topics: FreshTopics, turn: str) -> None:
    partition = TopicPartition(ORDERS.name, fresh_topics.partitions - 1)
    consumer = AIOKafkaConsumer(bootstrap_servers=fresh_topics.bootstrap)
    producer = AIOKafkaProducer(bootstrap_servers=fresh_topics.bootstrap, acks="all", enable_idempotence=True)
    async with consumer, producer:
        assert await consumer.end_offsets([partition]) == {partition: 0}
        await producer.send_and_wait(ORDERS.name, b"{}", partition=partition.partition)
        assert await consumer.end_offsets([partition]) == {partition: 1}
