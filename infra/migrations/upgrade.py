"""Brings a database to the newest schema: `python -m infra.migrations.upgrade` with ORDERCAST_DATABASE_URL."""

import os
import sys
from pathlib import Path

from alembic import command
from alembic.config import Config

HERE = Path(__file__).parent


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
    url = os.environ.get("ORDERCAST_DATABASE_URL")
    if not url:
        sys.exit("ORDERCAST_DATABASE_URL is not set: nothing to migrate")
    upgrade(url)


if __name__ == "__main__":
    main()
