"""The embedded PostgreSQL and Kafka, started once for a test run on free ports in a temporary folder."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from ordercast.infra.local.child import Child, Command, log_tail
from ordercast.infra.local.install import ensure_kafka
from ordercast.infra.local.kafka import KafkaBroker
from ordercast.infra.local.ports import free_port
from ordercast.infra.local.postgres import PostgresServer

# Time (s) for a server to answer; both take about one second on an idle machine.
START_DEADLINE_S: Final = 60.0
POLL_S: Final = 0.02


class EmbeddedPostgres(PostgresServer):
    """A PostgreSQL that does not wait for the disk, because its data is thrown away."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Child]:
        await self.prepare()
        async with running(self.command(), self.answers) as child:
            yield child


class EmbeddedKafka(KafkaBroker):
    """A Kafka broker."""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Child]:
        await self.prepare()
        async with running(self.command(), self.answers) as child:
            yield child


class EmbeddedStack:
    """Both servers as processes of this machine."""

    name: Final = "embedded"

    @asynccontextmanager
    async def postgres(self, folder: Path) -> AsyncIterator[EmbeddedPostgres]:
        yield EmbeddedPostgres(folder, free_port(), secrets.token_hex(8), folder / "postgres.log", durable=False)

    @asynccontextmanager
    async def kafka(self, folder: Path) -> AsyncIterator[EmbeddedKafka]:
        """The first one ever on a machine also fetches its jars."""
        yield EmbeddedKafka(await ensure_kafka(), folder, free_port(), free_port(), folder / "kafka.log")


@asynccontextmanager
async def running(command: Command, answers: Callable[[], Awaitable[bool]]) -> AsyncIterator[Child]:
    """A process that has answered once, stopped at the end."""
    child = await Child.start(command)
    try:
        try:
            async with asyncio.timeout(START_DEADLINE_S):
                while not await answers():
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            raise AssertionError(f"{command.name} does not answer\n{log_tail(command.log)}") from None
        yield child
    finally:
        await child.stop()
