"""Migrates a test's database to any revision."""

import asyncio

from alembic import command
from sqlalchemy.ext.asyncio import AsyncEngine

from ordercast.infra.migrations.upgrade import alembic_config


def url_of(engine: AsyncEngine) -> str:
    return engine.url.render_as_string(hide_password=False)


async def migrate(engine: AsyncEngine, revision: str) -> None:
    await asyncio.to_thread(command.upgrade, alembic_config(url_of(engine)), revision)
