from collections.abc import AsyncIterator

import pytest

from ordercast.services.shared.db.engine import Sessions, open_database
from tests.support.fresh_topics import FreshTopics
from tests.support.order_api import Member, RunningApi, TokenKeys, running_order_api


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    async with open_database(database_url, application="test", pool_size=10) as sessions:
        yield sessions


@pytest.fixture(scope="session")
def token_keys(tmp_path_factory: pytest.TempPathFactory) -> TokenKeys:
    return TokenKeys.create(tmp_path_factory.mktemp("keys"))


@pytest.fixture
async def api(database_url: str, token_keys: TokenKeys) -> AsyncIterator[RunningApi]:
    """The whole API on a fresh database, without Kafka."""
    async with running_order_api(database_url, token_keys) as running:
        yield running


@pytest.fixture
async def kafka_api(database_url: str, token_keys: TokenKeys, fresh_topics: FreshTopics) -> AsyncIterator[RunningApi]:
    """The same on a real broker. A module whose tests all need one names it `api`."""
    async with running_order_api(
        database_url, token_keys, kafka_bootstrap=fresh_topics.bootstrap, partitions=fresh_topics.partitions
    ) as running:
        yield running


@pytest.fixture
async def admin(api: RunningApi) -> Member:
    return await api.admin()


@pytest.fixture
async def customer(api: RunningApi) -> Member:
    return await api.customer()


@pytest.fixture
async def product(api: RunningApi, admin: Member) -> int:
    """The id of the product SKU-1, for 2.50 EUR."""
    return int((await api.product(admin, sku="SKU-1", price="2.50"))["id"])


@pytest.fixture(scope="module")
async def shared_api(module_database_url: str, token_keys: TokenKeys) -> AsyncIterator[RunningApi]:
    """The API without Kafka on a database that the tests of a module share: for tests that do not mind what else is in it."""
    async with running_order_api(module_database_url, token_keys) as running:
        yield running
