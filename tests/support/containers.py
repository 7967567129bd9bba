"""PostgreSQL and Kafka in Docker containers."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from ordercast.stacks.engine import open_engine
from ordercast.stacks.images import server_image
from ordercast.stacks.server_containers import (
    KAFKA_IMAGE,
    POSTGRES_IMAGE,
    KafkaServerContainer,
    PostgresServerContainer,
)


class ContainerStack:
    """Both servers as containers, which keep their data themselves."""

    name: Final = "containers"

    @asynccontextmanager
    async def postgres(self, _folder: Path) -> AsyncIterator[PostgresServerContainer]:
        async with open_engine() as engine:
            await engine.ensure([server_image(POSTGRES_IMAGE)])
            yield PostgresServerContainer(engine)

    @asynccontextmanager
    async def kafka(self, _folder: Path) -> AsyncIterator[KafkaServerContainer]:
        async with open_engine() as engine:
            await engine.ensure([server_image(KAFKA_IMAGE)])
            yield KafkaServerContainer(engine)
