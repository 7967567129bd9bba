"""Brings a database to the newest schema: `python -m ordercast.infra.migrations.upgrade` with ORDERCAST_DATABASE_URL."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict
from sqlalchemy.exc import SQLAlchemyError

from ordercast.services.shared.process.exit_with_reason import exit_with_reason
from ordercast.services.shared.process.settings import read_settings

HERE = Path(__file__).parent


class MigrationSettings(BaseSettings):
    """What migrating takes. Each field is the variable ORDERCAST_<FIELD>."""

    model_config = SettingsConfigDict(env_prefix="ORDERCAST_", frozen=True, hide_input_in_errors=True)

    database_url: str = Field(description="postgresql+asyncpg://user@host:port/database")


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


def main() -> None:
    with exit_with_reason("migrations", SQLAlchemyError, OSError):
        upgrade(read_settings(MigrationSettings).database_url)


if __name__ == "__main__":
    main()
