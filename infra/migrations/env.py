"""Alembic's entry: one connection, one transaction, one migration at a time in the whole system.

A migration that has to work outside of a transaction ends it: those before it are committed then.
"""

import asyncio
import time
from typing import Final

from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

from ordercast.database_tls import sqlalchemy_address
from ordercast.infra.migrations.errors import TablesInUse
from ordercast.infra.migrations.grant_rights import MIGRATION_LOCK
from ordercast.infra.migrations.tables import metadata

# Waiting longer (ms) for a table that others use would hold up everybody who comes after: pods serve meanwhile.
LOCK_TIMEOUT_MS: Final = 3_000
# How often (s) a migration looks whether the others are done.
LOOK_EVERY_S: Final = 0.2
# By SQLSTATE: the lock was not there in time; a deadlock with a transaction that uses the tables in another order.
_IN_USE: Final = {
    "55P03": f"a table was in use by another transaction for more than {LOCK_TIMEOUT_MS / 1000:g} s",
    "40P01": "another transaction uses the same tables in another order (a deadlock)",
}


def _migrate(connection: Connection) -> None:
    while not _is_alone(connection):
        time.sleep(LOOK_EVERY_S)
    with connection.begin():
        connection.execute(text(f"SET lock_timeout = {LOCK_TIMEOUT_MS}"))
    context.configure(connection=connection, target_metadata=metadata, compare_type=True, compare_server_default=True)
    with context.begin_transaction():
        context.run_migrations()


def _is_alone(connection: Connection) -> bool:
    """Locks others out; False while another migrates, which may take as long as it needs.

    The lock is the connection's, which may have several transactions. It does not wait: a statement that waits has a snapshot, for
    whose end an index that is built concurrently would wait, and so each for the other.
    """
    with connection.begin():
        return bool(connection.scalar(text("SELECT pg_try_advisory_lock(:lock)"), {"lock": MIGRATION_LOCK}))


async def _run() -> None:
    address, tls = sqlalchemy_address(context.config.attributes["database_url"])
    engine = create_async_engine(address, poolclass=NullPool, connect_args=tls)
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate)
    except DBAPIError as error:
        why = _IN_USE.get(getattr(error.orig, "sqlstate", ""))
        if why is None:
            raise
        raise TablesInUse(
            f"{why}; nothing was changed. Try again, and if that does not help, end what pg_stat_activity shows as the oldest "
            "transaction (xact_start)"
        ) from error
    finally:
        await engine.dispose()


asyncio.run(_run())
