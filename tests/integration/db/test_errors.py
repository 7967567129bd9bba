"""What an error of the database says where it is told: never what went into the statement."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from ordercast.services.shared.db.engine import open_database


async def test_no_error_says_what_went_into_the_statement(database_url: str) -> None:
    async with open_database(database_url, application="test") as sessions, sessions() as session:
        with pytest.raises(DBAPIError) as failed:
            await session.execute(text("SELECT 1 / CAST(length(:secret) - 6 AS int)"), {"secret": "whsec_"})
    assert "division by zero" in str(failed.value)
    assert "whsec_" not in str(failed.value)
