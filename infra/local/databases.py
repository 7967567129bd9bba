"""What the system does with a PostgreSQL server that runs: ask whether it is healthy, make and drop databases."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Final, NamedTuple
from urllib.parse import quote

import asyncpg

from ordercast.infra.local import probes
from ordercast.infra.migrations.grant_rights import Login, grant_rights

USER: Final = "ordercast"
DATABASE: Final = "ordercast"


class ServerAddress(NamedTuple):
    """Where a server listens, and the password of its user `ordercast`, who may do everything."""

    host: str
    port: int
    password: str


class DatabaseServer(ABC):
    """A PostgreSQL server, whoever runs it."""

    @property
    @abstractmethod
    def address(self) -> ServerAddress:
        """Where clients on this machine reach it."""

    def url(self, database: str = DATABASE, *, login: Login | None = None) -> str:
        """The SQLAlchemy URL of a database on this server; its owner's unless somebody else is to log in."""
        return database_url(self.address, database, login=login)

    async def answers(self) -> bool:
        """Whether it accepts sessions (it listens earlier, while it still recovers)."""
        try:
            async with asyncio.timeout(probes.TIMEOUT_S):
                connection = await self._connect()
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            return False
        await connection.close()
        return True

    async def schema_revision(self, database: str = DATABASE) -> str | None:
        """The migration that the database is at, or None if it has none yet."""
        connection = await self._connect(database)
        try:
            # Asked for first, since a table that is missing is an error in the server's log.
            if await connection.fetchval("SELECT to_regclass('alembic_version')") is None:
                return None
            revision: str | None = await connection.fetchval("SELECT version_num FROM alembic_version")
        finally:
            await connection.close()
        return revision

    async def create_database(self, name: str = DATABASE, *, template: str | None = None) -> None:
        """Creates a database, as a copy of `template` if given, unless it is there."""
        source = f' TEMPLATE "{template}"' if template else ""
        connection = await self._connect()
        try:
            if not await connection.fetchval("SELECT count(*) FROM pg_database WHERE datname = $1", name):
                await connection.execute(f'CREATE DATABASE "{name}"{source}')
        finally:
            await connection.close()

    async def grant_rights(self, logins: Mapping[str, Login], database: str = DATABASE) -> None:
        """Makes the services' roles. Raises RolesNotMade."""
        connection = await self._connect(database)
        try:
            await grant_rights(connection, logins)
        finally:
            await connection.close()

    async def drop_database(self, name: str) -> None:
        """Drops a database, ending its sessions."""
        connection = await self._connect()
        try:
            await connection.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        finally:
            await connection.close()

    async def _connect(self, database: str = "postgres") -> asyncpg.Connection:
        host, port, password = self.address
        return await asyncpg.connect(host=host, port=port, user=USER, password=password, database=database, ssl=False)


def database_url(address: ServerAddress, database: str = DATABASE, *, login: Login | None = None) -> str:
    """The SQLAlchemy URL of a database."""
    host, port, password = address
    user, password = login or (USER, password)
    return f"postgresql+asyncpg://{quote(user, safe='')}:{quote(password, safe='')}@{host}:{port}/{quote(database)}"


def service_logins(passwords: Mapping[str, str]) -> dict[str, Login]:
    """By role, as a server of ours has them: `ordercast_order_api` and so on."""
    return {role: Login(f"{USER}_{role}", password) for role, password in passwords.items()}
