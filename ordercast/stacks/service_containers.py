"""The services' images as containers that use a PostgreSQL and a Kafka of the same engine."""

import asyncio
import io
import tarfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from testcontainers.core.container import DockerContainer

from ordercast.client.credentials import Login
from ordercast.infra.local.errors import StartFailed
from ordercast.infra.local.ports import BASES, free_port
from ordercast.infra.local.probes import answers_ok
from ordercast.infra.local.together import together
from ordercast.services.shared.http.token_keys import create_key_pair
from ordercast.stacks.engine import Engine, log_tail, to_the_end
from ordercast.stacks.images import service_image
from ordercast.stacks.made import ADMIN_NICKNAME
from ordercast.system.operator_account import PASSWORD_VARIABLE

# Time (s) for a service to answer, and for the migrations; a busy machine needs most of it.
START_DEADLINE_S: Final = 120.0
POLL_S: Final = 0.1
# Paths inside the containers.
ARTIFACTS: Final = "/var/lib/ordercast/artifacts"
PRIVATE_KEY: Final = "/run/secrets/token_private.pem"
PUBLIC_KEY: Final = "/run/secrets/token_public.pem"
MODEL_PRIVATE_KEY: Final = "/run/secrets/model_private.pem"
MODEL_PUBLIC_KEY: Final = "/run/secrets/model_public.pem"
# What each service has beside the public key of the tokens: nobody else may sign tokens, or models.
KEYS: Final[Mapping[str, tuple[str, str]]] = {
    "order_api": ("ORDERCAST_TOKEN_PRIVATE_KEY_FILE", PRIVATE_KEY),
    "trainer": ("ORDERCAST_MODEL_PRIVATE_KEY_FILE", MODEL_PRIVATE_KEY),
    "predictor": ("ORDERCAST_MODEL_PUBLIC_KEY_FILE", MODEL_PUBLIC_KEY),
}
# The keys are of this run alone; the services' user, whoever that is, has to read them.
KEY_MODE: Final = 0o444

MIGRATIONS: Final = "migrations"


@dataclass(frozen=True, slots=True)
class Service:
    """Its image, and what that is to do if not its usual work."""

    image: str
    command: str | None = None


SERVICES: Final[Mapping[str, Service]] = {
    "order_api": Service("order-api"),
    "relay": Service("order-api", "relay"),
    "feature_worker": Service("feature-worker"),
    "trainer": Service("trainer"),
    "predictor": Service("predictor"),
}


@dataclass(frozen=True, slots=True)
class Servers:
    """What the services use, as containers of the same engine reach it. `service_urls`: the database's, by role."""

    database_url: str
    service_urls: Mapping[str, str]
    kafka_bootstrap: str
    partitions: int


class ServiceContainers:
    """All services; `artifacts_volume` is where the trainer writes and the predictor reads."""

    def __init__(self, engine: Engine, servers: Servers, *, artifacts_volume: str) -> None:
        self._engine = engine
        self._servers = servers
        self._volume = artifacts_volume
        self._ports = {name: free_port() for name in SERVICES}
        self._containers: dict[str, DockerContainer] = {}
        with TemporaryDirectory() as folder:
            self._keys: dict[str, bytes] = {}
            for pair in ((PRIVATE_KEY, PUBLIC_KEY), (MODEL_PRIVATE_KEY, MODEL_PUBLIC_KEY)):
                private, public = (Path(folder, Path(path).name) for path in pair)
                create_key_pair(private, public)
                self._keys |= {pair[0]: private.read_bytes(), pair[1]: public.read_bytes()}

    @property
    def urls(self) -> dict[str, str]:
        """The base URL of each service for clients on this machine."""
        return {name: f"http://{self._engine.host}:{port}" for name, port in self._ports.items()}

    @property
    def logs(self) -> dict[str, Callable[[], str]]:
        """How the log of each service is read."""
        return {name: partial(_log, container) for name, container in self._containers.items()}

    async def migrate(self) -> None:
        """Brings the database to the newest schema. Raises StartFailed."""
        container = DockerContainer(service_image(MIGRATIONS).name)
        container.with_env("ORDERCAST_DATABASE_URL", self._servers.database_url)
        for role, url in self._servers.service_urls.items():
            container.with_env(f"ORDERCAST_{role.upper()}_DATABASE_URL", url)
        await self._engine.start(container, alias=MIGRATIONS)
        ended = await to_the_end(lambda: container.get_wrapped_container().wait(timeout=START_DEADLINE_S))
        if ended["StatusCode"]:
            raise StartFailed(f"the migrations failed\n{log_tail(container)}")

    async def start(self) -> None:
        """Returns when all services answer. Raises StartFailed."""
        await together(self._start(name, service) for name, service in SERVICES.items())

    async def create_admin(self, login: Login) -> None:
        """Makes the admin. Raises StartFailed."""
        command = ("python", "-m", "ordercast.services.order_api", "create-admin")
        made = await to_the_end(
            lambda: (
                self._containers["order_api"]
                .get_wrapped_container()
                .exec_run(
                    [*command, "--email", login.email, "--nickname", ADMIN_NICKNAME],
                    environment={PASSWORD_VARIABLE: login.password},
                )
            )
        )
        if made.exit_code:
            raise StartFailed(f"the admin was not made: {made.output.decode().strip()}")

    def copy_artifacts(self, target: Path) -> None:
        """Copies all model versions into the folder `target`, which is made."""
        chunks, _ = self._containers["trainer"].get_wrapped_container().get_archive(f"{ARTIFACTS}/.")
        target.mkdir(parents=True)
        with tarfile.open(fileobj=io.BytesIO(b"".join(chunks))) as archive:
            archive.extractall(target, filter="data")

    async def _start(self, name: str, service: Service) -> None:
        container = self._make(name, service)
        await self._engine.start(container, alias=name)
        self._containers[name] = container
        try:
            async with asyncio.timeout(START_DEADLINE_S):
                while not await answers_ok(self._ports[name], host=self._engine.host):
                    await asyncio.sleep(POLL_S)
        except TimeoutError:
            late = f"{name} is not healthy after {START_DEADLINE_S:.0f} s"
            raise StartFailed(f"{late}\n{log_tail(container)}") from None

    def _make(self, name: str, service: Service) -> DockerContainer:
        container = DockerContainer(service_image(service.image).name, command=service.command)
        container.with_bind_ports(BASES[name], self._ports[name])
        container.with_envs(
            ORDERCAST_DATABASE_URL=self._servers.service_urls[name],
            ORDERCAST_KAFKA_BOOTSTRAP=self._servers.kafka_bootstrap,
            ORDERCAST_PARTITIONS=str(self._servers.partitions),
            ORDERCAST_HOST="0.0.0.0",  # noqa: S104 - inside the container
            ORDERCAST_PORT=str(BASES[name]),
            ORDERCAST_ARTIFACTS_DIR=ARTIFACTS,
            ORDERCAST_TOKEN_PUBLIC_KEY_FILE=PUBLIC_KEY,
        )
        container.with_copy_into_container(self._keys[PUBLIC_KEY], PUBLIC_KEY, KEY_MODE)
        if name in KEYS:
            variable, path = KEYS[name]
            container.with_env(variable, path)
            container.with_copy_into_container(self._keys[path], path, KEY_MODE)
        if name in ("trainer", "predictor"):
            container.with_volume_mapping(self._volume, ARTIFACTS, "rw" if name == "trainer" else "ro")
        # A service that ends itself, because a server was away, is started again as its supervisor would do it.
        return container.with_kwargs(restart_policy={"Name": "on-failure"})


def _log(container: DockerContainer) -> str:
    return str(container.get_wrapped_container().logs().decode(errors="replace"))
