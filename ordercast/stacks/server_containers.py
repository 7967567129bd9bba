"""PostgreSQL and Kafka as containers that can be stopped, killed and started again on the same port."""

import asyncio
import secrets
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import ClassVar, Final

from aiokafka.client import AIOKafkaClient
from aiokafka.errors import KafkaError
from testcontainers.community.postgres import PostgresContainer
from testcontainers.core.container import DockerContainer

from ordercast.infra.local.databases import DATABASE, USER, DatabaseServer, ServerAddress, database_url
from ordercast.infra.local.errors import StartFailed
from ordercast.infra.local.kafka import HEAP, LONE_BROKER
from ordercast.infra.local.ports import free_port
from ordercast.infra.local.postgres import SETTINGS, THROWAWAY
from ordercast.infra.migrations.grant_rights import Login
from ordercast.stacks.engine import Engine, log_tail, to_the_end
from ordercast.stacks.images import server_image

# Time (s) for a server to answer: seconds on a quiet machine, minutes on one with a load of ten for each core.
START_DEADLINE_S: Final = 240.0
POLL_S: Final = 0.1
# Time (s) to stop by itself before it is killed.
STOP_DEADLINE_S: Final = 20

POSTGRES_IMAGE: Final = "ORDERCAST_POSTGRES_IMAGE"
POSTGRES_PORT: Final = 5432
# The embedded server's settings, but for those of its place.
POSTGRES_SETTINGS: Final = {
    name: value
    for name, value in {**SETTINGS, **THROWAWAY}.items()
    if name not in ("listen_addresses", "unix_socket_directories")
}

KAFKA_IMAGE: Final = "ORDERCAST_KAFKA_IMAGE"
# Listeners of the broker's container: for clients on the host, for other containers, and for itself.
KAFKA_PORT: Final = 9092
KAFKA_NETWORK_PORT: Final = 19092
KAFKA_CONTROLLER_PORT: Final = 9093


class KafkaContainer(DockerContainer):
    """The official image of Apache Kafka as one broker in KRaft mode.

    Clients are sent to `host`:`port`, so the port on the host is chosen before the broker starts. Containers of the same
    network reach it at `alias`:KAFKA_NETWORK_PORT.
    """

    def __init__(self, image: str, host: str, port: int, *, alias: str) -> None:
        super().__init__(image)
        self.with_bind_ports(KAFKA_PORT, port)
        settings = {
            **LONE_BROKER,
            "node.id": 1,
            "process.roles": "broker,controller",
            "controller.quorum.voters": f"1@localhost:{KAFKA_CONTROLLER_PORT}",
            "controller.listener.names": "CONTROLLER",
            "listeners": f"HOST://:{KAFKA_PORT},NETWORK://:{KAFKA_NETWORK_PORT},CONTROLLER://:{KAFKA_CONTROLLER_PORT}",
            "advertised.listeners": f"HOST://{host}:{port},NETWORK://{alias}:{KAFKA_NETWORK_PORT}",
            "listener.security.protocol.map": "HOST:PLAINTEXT,NETWORK:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "NETWORK",
        }
        self.with_envs(**{f"KAFKA_{name.upper().replace('.', '_')}": str(value) for name, value in settings.items()})
        self.with_env("KAFKA_HEAP_OPTS", " ".join(HEAP))
        # As the embedded broker: the quick compiler and the plain collector start in a third of the time.
        self.with_env("KAFKA_JVM_PERFORMANCE_OPTS", "-XX:+UseSerialGC -XX:TieredStopAtLevel=1")


class ServerContainer(ABC):
    """A server that is started by `running()`, as often as one likes; its data and its port stay the same."""

    # What other containers of the same engine call it.
    ALIAS: ClassVar[str]

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self._container: DockerContainer | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator["ServerContainer"]:
        """The server, answering; stopped at the end of the block.

        Raises:
            StartFailed: it does not answer in time.
        """
        await self.start()
        try:
            yield self
        finally:
            await to_the_end(lambda: self._started.get_wrapped_container().stop(timeout=STOP_DEADLINE_S))

    async def start(self) -> None:
        """Returns when it answers. Raises StartFailed."""
        if self._container is None:
            self._container = await self.engine.start(self._make(), alias=self.ALIAS)
        else:
            await to_the_end(self._container.get_wrapped_container().start)
        try:
            async with asyncio.timeout(START_DEADLINE_S):
                while not await self.answers():
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            late = f"{self._container.image} does not answer after {START_DEADLINE_S:.0f} s"
            raise StartFailed(f"{late}\n{log_tail(self._container)}") from None

    def kill(self) -> None:
        """SIGKILL, as a crash."""
        self._started.get_wrapped_container().kill()

    async def wait(self) -> int:
        """The exit code, when it has ended."""
        ended = await asyncio.to_thread(self._started.get_wrapped_container().wait)
        return int(ended["StatusCode"])

    def log(self) -> str:
        """What it has written so far."""
        return str(self._started.get_wrapped_container().logs().decode(errors="replace"))

    @abstractmethod
    async def answers(self) -> bool:
        """Whether clients on this machine can use it."""

    @abstractmethod
    def _make(self) -> DockerContainer:
        """The container, not started yet."""

    @property
    def _started(self) -> DockerContainer:
        if self._container is None:
            raise RuntimeError("the server was never started")
        return self._container


class PostgresServerContainer(DatabaseServer, ServerContainer):
    """A PostgreSQL that does not wait for the disk, because its data is thrown away."""

    ALIAS = "postgres"

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._password = secrets.token_urlsafe(24)
        self._port = free_port()

    @property
    def address(self) -> ServerAddress:
        return ServerAddress(self.engine.host, self._port, self._password)

    def network_url(self, *, login: Login | None = None) -> str:
        """The SQLAlchemy URL of the system's database for containers of the same engine; its owner's unless a login is given."""
        return database_url(ServerAddress(self.ALIAS, POSTGRES_PORT, self._password), login=login)

    def _make(self) -> DockerContainer:
        container = PostgresContainer(
            server_image(POSTGRES_IMAGE).name,
            port=POSTGRES_PORT,
            username=USER,
            password=self._password,
            dbname=DATABASE,
            driver="asyncpg",
        )
        # As on the embedded server: sorting by code point.
        container.with_env("POSTGRES_INITDB_ARGS", "--encoding=UTF8 --locale=C --no-sync")
        options = (part for name, value in POSTGRES_SETTINGS.items() for part in ("-c", f"{name}={value}"))
        container.with_command(["postgres", *options]).with_bind_ports(POSTGRES_PORT, self._port)
        return container


class KafkaServerContainer(ServerContainer):
    """A Kafka broker."""

    ALIAS = "kafka"

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self._port = free_port()

    @property
    def bootstrap(self) -> str:
        """host:port for clients on this machine."""
        return f"{self.engine.host}:{self._port}"

    @property
    def network_bootstrap(self) -> str:
        """host:port for containers of the same engine."""
        return f"{self.ALIAS}:{KAFKA_NETWORK_PORT}"

    async def answers(self) -> bool:
        """A mapped port takes connections before the broker listens: so a client asks."""
        client = AIOKafkaClient(bootstrap_servers=self.bootstrap)
        try:
            await client.bootstrap()
        except (KafkaError, OSError):
            return False
        finally:
            await client.close()
        return True

    def _make(self) -> DockerContainer:
        return KafkaContainer(server_image(KAFKA_IMAGE).name, self.engine.host, self._port, alias=self.ALIAS)
