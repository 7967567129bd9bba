"""A way into the system's PostgreSQL that shares no code with the services: one connection, raw SQL, one frozen moment."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg

from ordercast.database_tls import asyncpg_address
from ordercast.first_line import first_line

# A database that does not answer the connection within this time (s) counts as gone.
CONNECT_TIMEOUT_S: Final = 5
# Rows taken from a server-side cursor at a time: memory stays flat however many there are.
SLICE_ROWS: Final = 10_000


class DatabaseUnavailable(Exception):
    """PostgreSQL does not answer at the address of ORDERCAST_DATABASE_URL, or not as this release needs it."""


@asynccontextmanager
async def snapshot(url: str, *, application: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection that sees the data of one moment (REPEATABLE READ) and cannot write.

    `url` is SQLAlchemy's (`postgresql+asyncpg://…`) or plain; `application` shows in pg_stat_activity.

    Raises:
        DatabaseUnavailable: nobody answers, or a table that is asked for is not there, or not for this user.
        DatabaseSettingsWrong: no TLS can be spoken as the settings say.
    """
    address, tls = asyncpg_address(url)
    try:
        connection = await asyncpg.connect(
            address,
            **tls,
            timeout=CONNECT_TIMEOUT_S,
            server_settings={"application_name": application, "timezone": "UTC", "jit": "off"},
        )
    except (OSError, TimeoutError, asyncpg.PostgresError) as error:
        raise DatabaseUnavailable(f"PostgreSQL does not answer: {first_line(error)}") from error
    try:
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            yield connection
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError) as error:
        raise DatabaseUnavailable(f"PostgreSQL has the schema of another release: {first_line(error)}") from error
    except asyncpg.InsufficientPrivilegeError as error:
        raise DatabaseUnavailable(
            f"the user of ORDERCAST_DATABASE_URL may not read this: {first_line(error)}"
        ) from error
    finally:
        await connection.close()


async def answers(url: str) -> bool:
    """Whether it accepts sessions."""
    try:
        async with asyncio.timeout(CONNECT_TIMEOUT_S), snapshot(url, application="ordercast"):
            return True
    except (DatabaseUnavailable, TimeoutError, OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return False


async def slices(
    connection: asyncpg.Connection, query: str, *arguments: object
) -> AsyncIterator[Sequence[Sequence[Any]]]:
    """The rows of a query, `SLICE_ROWS` at a time."""
    cursor = await connection.cursor(query, *arguments)
    while rows := await cursor.fetch(SLICE_ROWS):
        yield rows
