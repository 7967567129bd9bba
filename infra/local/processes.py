"""Everything that runs in a system, in one list: what it is started with, and how one sees that it is healthy."""

import os
import sys
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from ordercast.infra.local.child import Command
from ordercast.infra.local.kafka import KafkaBroker
from ordercast.infra.local.leftovers import SUPERVISED_VARIABLE
from ordercast.infra.local.ports import HOST, Ports
from ordercast.infra.local.postgres import PostgresServer
from ordercast.infra.local.probes import answers_ok
from ordercast.infra.local.prometheus import PrometheusServer
from ordercast.infra.local.state import StateFolder
from ordercast.infra.migrations.grant_rights import Login

DEFAULT_PARTITIONS: Final = 8
# Processes of one service: far more than one machine can use, and few enough for PostgreSQL's connections.
MOST_PROCESSES: Final = 16
# Time (s) for a service to finish what it has in hand before it is killed.
SERVICE_STOP_DEADLINE_S: Final = 10.0

# The pages for people: they ask the other services over HTTP, and have neither tables nor topics.
CONSOLE: Final = "console"
# Each service's name with what follows `python -m`.
SERVICES: Final[Mapping[str, tuple[str, ...]]] = {
    "order_api": ("ordercast.services.order_api",),
    "relay": ("ordercast.services.order_api", "relay"),
    "feature_worker": ("ordercast.services.feature_worker",),
    "trainer": ("ordercast.services.trainer",),
    "predictor": ("ordercast.services.predictor",),
    CONSOLE: ("ordercast.services.console",),
}
# Every service may run several times; none can be left out.
Scale = Mapping[str, int]
# What takes work in from outside stops first, then what works it off, then the servers.
ENTRANCE: Final = "order_api"

StopOrder = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Program:
    """A process to keep alive. `healthy` asks it, and never raises."""

    command: Command
    healthy: Callable[[], Awaitable[bool]]

    @property
    def name(self) -> str:
        return self.command.name


def service_of(name: str) -> str:
    """The service that a process belongs to: "relay" for "relay", "relay-2" and so on."""
    return name.partition("-")[0]


def stop_order(names: Iterable[str]) -> StopOrder:
    """Groups of names to stop one group after the other, given the names of all processes of services."""
    entrances = tuple(name for name in names if service_of(name) == ENTRANCE)
    return (entrances, tuple(name for name in names if name not in entrances), ("kafka", "postgres"))


def _inherited() -> dict[str, str]:
    """The supervisor's own environment, without the one setting that several processes on one machine cannot share."""
    return {name: value for name, value in os.environ.items() if name != "ORDERCAST_OPERATIONS_PORT"}


@dataclass(frozen=True, slots=True)
class SystemPlan:
    """What a system on this folder consists of."""

    folder: StateFolder
    ports: Ports
    postgres: PostgresServer
    kafka: KafkaBroker
    partitions: int = DEFAULT_PARTITIONS
    prometheus: PrometheusServer | None = None
    # What each service logs into PostgreSQL with; `reader` is for commands that only look.
    logins: Mapping[str, Login] = field(default_factory=dict)
    signs_versions: bool = False
    # The port of each process of a service: "relay" on its base, then "relay-2" and so on. `scale` changes it.
    service_ports: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.service_ports.update({name: self.ports[name] for name in SERVICES})

    @property
    def urls(self) -> dict[str, str]:
        services = {name: f"http://{HOST}:{port}" for name, port in self.service_ports.items()}
        return services | ({"prometheus": self.prometheus.url} if self.prometheus else {})

    def names(self, service: str) -> list[str]:
        """The processes of a service, the first one first."""
        return [name for name in self.service_ports if service_of(name) == service]

    def scale(self, service: str, count: int) -> tuple[list[str], list[str]]:
        """Plans for `count` processes of a service; the names that are new, and those that are gone.

        Raises:
            ValueError: there is no such service, or `count` is not positive.
            PortsTaken: nothing is free any more.
        """
        if service not in SERVICES or count < 1:
            raise ValueError(
                f"{service} cannot run {count} times; services are {', '.join(SERVICES)}, each at least once"
            )
        present = self.names(service)
        added: dict[str, int] = {}
        for number in range(len(present) + 1, count + 1):
            used = {*self.service_ports.values(), *added.values()}
            added[f"{service}-{number}"] = self.ports.further(used)
        self.service_ports.update(added)
        gone = present[count:]
        for name in gone:
            del self.service_ports[name]
        return list(added), gone

    def environment(self, name: str) -> dict[str, str]:
        """The variables that a process of a service is started with, beside those of the supervisor itself."""
        if service_of(name) == CONSOLE:
            return self._console_environment(name)
        variables = {
            **self._shared_environment(),
            "ORDERCAST_DATABASE_URL": self.database_url(service_of(name)),
            "ORDERCAST_KAFKA_BOOTSTRAP": self.kafka.address(service_of(name)),
            "ORDERCAST_HOST": HOST,
            "ORDERCAST_PORT": str(self.service_ports[name]),
            # Leases and group memberships hang on the name; a port may be another one at the next start.
            **{f"ORDERCAST_{kind}_ID": name for kind in ("RELAY", "WORKER", "TRAINER")},
            "ORDERCAST_TOKEN_PUBLIC_KEY_FILE": str(self.folder.token_public_key),
            "ORDERCAST_ARTIFACTS_DIR": str(self.folder.artifacts),
            "PYTHONUNBUFFERED": "1",
        }
        if service_of(name) == "order_api":  # nobody else may sign tokens
            variables["ORDERCAST_TOKEN_PRIVATE_KEY_FILE"] = str(self.folder.token_private_key)
        if service_of(name) == "trainer":  # nor models
            variables["ORDERCAST_MODEL_PRIVATE_KEY_FILE"] = str(self.folder.model_private_key)
        if service_of(name) == "predictor":
            variables["ORDERCAST_MODEL_PUBLIC_KEY_FILE"] = str(self.folder.model_public_key)
        return variables

    def _console_environment(self, name: str) -> dict[str, str]:
        """It is told where the others answer, and no password and no key."""
        others = {f"ORDERCAST_{service.upper()}_URL": self.urls[service] for service in SERVICES if service != CONSOLE}
        return {
            **others,
            "ORDERCAST_PROCESSES_FILE": str(self.folder.processes_file),
            "ORDERCAST_HOST": HOST,
            "ORDERCAST_PORT": str(self.service_ports[name]),
            # That of `ordercast import`: either knows what the other sent.
            "ORDERCAST_VIEWS_SENT": str(self.folder.root / "views_sent"),
            "ORDERCAST_TOLD_OF_FILES": str(self.folder.root / "told_of_files.json"),
            "PYTHONUNBUFFERED": "1",
        }

    def database_url(self, role: str) -> str:
        """Of a service, or of `reader`."""
        return self.postgres.url(login=self.logins.get(role))

    def postgres_program(self) -> Program:
        return Program(self._marked(self.postgres.command()), self.postgres.answers)

    def kafka_program(self) -> Program:
        return Program(self._marked(self.kafka.command()), self.kafka.answers)

    def prometheus_program(self) -> list[Program]:
        """Prometheus, if it was asked for."""
        return [Program(self._marked(self.prometheus.command()), self.prometheus.answers)] if self.prometheus else []

    def migrations(self) -> Command:
        """Brings the database to the newest schema."""
        return self._python(
            "migrations",
            ("ordercast.infra.migrations.upgrade",),
            self._shared_environment() | {"ORDERCAST_DATABASE_URL": self.postgres.url()},
        )

    def signing(self) -> Command:
        """Signs the model versions of a release that had no key for them."""
        return self._python("trainer", (*SERVICES["trainer"], "sign"), self.environment("trainer"))

    def services(self) -> list[Program]:
        """The services in the order of the flow."""
        return [self._service(name, port) for name, port in self.service_ports.items()]

    def _service(self, name: str, port: int) -> Program:
        command = self._python(name, SERVICES[service_of(name)], self.environment(name))
        return Program(command, lambda: answers_ok(port))

    def _shared_environment(self) -> dict[str, str]:
        return {
            # Whatever the user has set for servers elsewhere.
            "ORDERCAST_KAFKA_SECURITY_PROTOCOL": "PLAINTEXT",
            "ORDERCAST_DATABASE_SSLMODE": "disable",
            "ORDERCAST_PARTITIONS": str(self.partitions),
        }

    def _python(self, name: str, module: tuple[str, ...], variables: Mapping[str, str]) -> Command:
        return Command(
            name=name,
            # -P: a folder called `services` where the user happens to stand must not be taken for ours.
            arguments=(sys.executable, "-P", "-m", *module),
            environment={**_inherited(), **variables, SUPERVISED_VARIABLE: str(self.folder.root)},
            log=self.folder.logs / f"{name}.log",
            stop_deadline_s=SERVICE_STOP_DEADLINE_S,
        )

    def _marked(self, command: Command) -> Command:
        return replace(command, environment={**command.environment, SUPERVISED_VARIABLE: str(self.folder.root)})
