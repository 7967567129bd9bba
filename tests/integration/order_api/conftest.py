from collections.abc import AsyncIterator

import pytest

from ordercast.services.shared.db.engine import Sessions, open_database
from tests.support.order_api import RunningApi, TokenKeys, running_order_api


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


@pytest.fixture(scope="module")
async def shared_api(module_database_url: str, token_keys: TokenKeys) -> AsyncIterator[RunningApi]:
    """The same on a database that the tests of a module share: for tests that do not mind what else is in it."""
    async with running_order_api(module_database_url, token_keys) as running:
        yield running
