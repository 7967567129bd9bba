"""Brings a database to the newest schema: `python -m ordercast.infra.migrations.upgrade` with ORDERCAST_DATABASE_URL.

With the services' own URLs it then makes the role that each of them names, and grants it what `rights` says.
"""

import asyncio
import sys
from collections.abc import Mapping
from pathlib import Path

import asyncpg
from alembic import command
from alembic.config import Config
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.exc import SQLAlchemyError

from ordercast.database_tls import asyncpg_address
from ordercast.infra.migrations.grant_rights import Login, RolesNotMade, grant_rights
from ordercast.infra.migrations.rights import ROLES
from ordercast.services.shared.process.exit_with_reason import exit_with_reason
from ordercast.services.shared.process.settings import read_settings

HERE = Path(__file__).parent


class MigrationSettings(BaseSettings):
    """What migrating takes. Each field is the variable ORDERCAST_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="ORDERCAST_", frozen=True, hide_input_in_errors=True)

    database_url: str = Field(description="postgresql+asyncpg://user@host:port/database, of the schema's owner")
    # All of them or none. Who logs in as whom is read off them.
    order_api_database_url: SecretStr | None = None
    relay_database_url: SecretStr | None = None
    feature_worker_database_url: SecretStr | None = None
    trainer_database_url: SecretStr | None = None
    predictor_database_url: SecretStr | None = None
    reader_database_url: SecretStr | None = None

    @property
    def logins(self) -> dict[str, Login]:
        """By role. Raises RolesNotMade."""
        urls: dict[str, SecretStr | None] = {role: getattr(self, f"{role}_database_url") for role in ROLES}
        missing = [f"ORDERCAST_{role.upper()}_DATABASE_URL" for role, url in urls.items() if url is None]
        if missing and len(missing) < len(urls):
            raise RolesNotMade(f"the services have URLs of their own, but these are missing: {', '.join(missing)}")
        return {role: Login.of(url.get_secret_value()) for role, url in urls.items() if url is not None}


def alembic_config(database_url: str) -> Config:
    config = Config()
    config.set_main_option("script_location", str(HERE))
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str) -> None:
    """Applies what is missing. Several at once wait for each other (an advisory lock in env.py).

    `database_url` is postgresql+asyncpg://...; must not be called on a running event loop.
    """
    command.upgrade(alembic_config(database_url), "head")


async def make_roles(database_url: str, logins: Mapping[str, Login]) -> str:
    """What was done, in a line. Raises RolesNotMade."""
    if not logins:
        return (
            f"all services use the role {Login.of(database_url).user}, which owns the schema and may do everything; give each a"
            " role of its own (SECURITY.md)"
        )
    address, tls = asyncpg_address(database_url)
    connection = await asyncpg.connect(address, **tls)
    try:
        kept = await grant_rights(connection, logins)
    finally:
        await connection.close()
    done = f"rights are granted to {', '.join(dict.fromkeys(login.user for login in logins.values()))}"
    return f"{done}; the passwords of {', '.join(kept)} were left as they are" if kept else done


def main() -> None:
    with exit_with_reason("migrations", SQLAlchemyError, OSError, asyncpg.PostgresError):
        settings = read_settings(MigrationSettings)
        logins = settings.logins
        upgrade(settings.database_url)
        sys.stdout.write(f"migrations: {asyncio.run(make_roles(settings.database_url, logins))}\n")


if __name__ == "__main__":
    main()
