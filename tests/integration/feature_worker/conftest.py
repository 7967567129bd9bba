"""The real tables, and workers as processes of their own."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ordercast.services.shared.db.engine import Sessions, open_database
from ordercast.services.shared.kafka.publisher import KafkaPublisher, open_publisher
from ordercast.services.shared.kafka.records import Partition
from tests.support.feature_tables import SqlTable
from tests.support.fresh_topics import FreshTopics
from tests.support.histories import PARTITIONS
from tests.support.worker_process import WorkerPlace


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    async with open_database(database_url, application="test", pool_size=10) as sessions:
        yield sessions


@pytest.fixture
async def publisher(fresh_topics: FreshTopics) -> AsyncIterator[KafkaPublisher]:
    """Publishes to topics that were empty when the test began."""
    async with open_publisher(fresh_topics.bootstrap, client_id="test") as publisher:
        yield publisher


@pytest.fixture
def place(database_url: str, fresh_topics: FreshTopics, tmp_path: Path) -> WorkerPlace:
    """Where workers of this test run: an empty database and empty topics."""
    return WorkerPlace(database_url, fresh_topics.bootstrap, fresh_topics.partitions, tmp_path)


@pytest.fixture
async def table(sessions: Sessions) -> SqlTable:
    table = SqlTable(sessions, PARTITIONS)
    await table.place([Partition(topic, number) for topic in ("orders", "views") for number in range(PARTITIONS)])
    return table
