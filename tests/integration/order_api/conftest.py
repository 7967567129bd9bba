from collections.abc import AsyncIterator

import pytest

from services.shared.db.engine import Sessions, open_database


@pytest.fixture
async def sessions(database_url: str) -> AsyncIterator[Sessions]:
    async with open_database(database_url, application="test", pool_size=10) as sessions:
        yield sessions
