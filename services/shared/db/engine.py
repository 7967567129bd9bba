"""The engine that every service opens in its wiring."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine

from ordercast.database_tls import sqlalchemy_address

# Statement deadline on the server (ms), below the client's (s), so that the server gives up first and says why.
STATEMENT_TIMEOUT_MS: Final = 25_000
COMMAND_TIMEOUT_S: Final = 30
# A database that does not answer the connection within this time (s) counts as gone.
CONNECT_TIMEOUT_S: Final = 5

# For a connection of a pool that others use (s).
POOL_TIMEOUT_S: Final = 30.0

Sessions = async_sessionmaker[AsyncSession]


@asynccontextmanager
async def open_database(
    url: str,
    *,
    application: str,
    pool_size: int = 5,
    pool_timeout_s: float = POOL_TIMEOUT_S,
    statement_timeout_ms: int = STATEMENT_TIMEOUT_MS,
    search_path: str = '"$user", public',
) -> AsyncIterator[Sessions]:
    """A pool of connections, as a maker of sessions. `application` shows in pg_stat_activity."""
    address, tls = sqlalchemy_address(url)
    engine = create_async_engine(
        address,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=pool_timeout_s,
        pool_pre_ping=True,
        hide_parameters=True,  # of an error that is told: secrets and hashes of passwords go in as such
        connect_args={
            **tls,
            "timeout": CONNECT_TIMEOUT_S,
            "command_timeout": max(COMMAND_TIMEOUT_S, statement_timeout_ms / 1000 + 5),
            "server_settings": {
                "application_name": application,
                "statement_timeout": str(statement_timeout_ms),
                "search_path": search_path,
                "jit": "off",  # short statements only: compiling them costs more than it saves
                "timezone": "UTC",
            },
        },
    )
    try:
        yield async_sessionmaker(engine, expire_on_commit=False)
    finally:
        await engine.dispose()


async def ask_database(sessions: Sessions) -> None:
    """For /readyz: returns when the database answers, and raises its error when it does not."""
    async with sessions() as session:
        await session.execute(text("SELECT 1"))
