"""One whole system in a state folder: `async with running_system(folder) as system`.

Start order: PostgreSQL with its migrations beside Kafka with its topics, then all services together. The end of the
block stops it all the other way round, also when the start was interrupted half-way.
"""

import asyncio
import contextlib
import signal
import time
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal

from ordercast.errors import ActionableError
from ordercast.first_line import first_line
from ordercast.infra import migrations
from ordercast.infra.kafka.rights import ADMIN
from ordercast.infra.local.child import run_once
from ordercast.infra.local.control import control_socket
from ordercast.infra.local.databases import service_logins
from ordercast.infra.local.errors import NoSuchProcess, StartFailed
from ordercast.infra.local.install import ensure_kafka
from ordercast.infra.local.kafka import KafkaBroker
from ordercast.infra.local.leftovers import end_leftovers
from ordercast.infra.local.ports import Ports
from ordercast.infra.local.postgres import PostgresServer
from ordercast.infra.local.processes import DEFAULT_PARTITIONS, SERVICES, Program, Scale, SystemPlan, stop_order
from ordercast.infra.local.prometheus import PrometheusServer, find_prometheus
from ordercast.infra.local.state import ProcessRecord, StateFolder, SystemInfo
from ordercast.infra.local.supervisor import Report, Supervisor
from ordercast.infra.local.system_commands import STOPS, SystemCommands
from ordercast.infra.local.together import together
from ordercast.services.shared.kafka.errors import BrokerUnavailable, KafkaError
from ordercast.services.shared.kafka.topics import create_topics

VERSIONS: Final = Path(migrations.__file__).parent / "versions"
# Deadline (s) for the migrations and for making the topics.
PREPARE_DEADLINE_S: Final = 120.0
# Time (s) before the topics are tried again.
TOPICS_PAUSE_S: Final = 0.5
# A log larger than this (bytes) at the start is set aside as `.1`, so that logs do not grow for ever.
LOG_LIMIT_BYTES: Final = 20 * 1024 * 1024

Phase = Literal["starting", "running", "stopping"]
# Makes the list of services that run on the servers of a plan.
Services = Callable[[SystemPlan], list[Program]]


class System:
    """A running system: where it listens, with which environment, and the means to break it for a test."""

    def __init__(self, plan: SystemPlan, report: Report, services: Services, control: Path) -> None:
        self.plan = plan
        self._control = control
        # Scaling and restarting go one after the other.
        self._changing = asyncio.Lock()
        self._services = services
        self._report = report
        self._phase: Phase = "starting"
        self._removed = False
        self._supervisor_record = ProcessRecord.current()
        self._records: dict[str, ProcessRecord] = {}
        self.supervisor = Supervisor(report, self._write_info)

    @property
    def folder(self) -> StateFolder:
        return self.plan.folder

    @property
    def urls(self) -> dict[str, str]:
        """The base URL of each process of a service by its name: order_api, relay, relay-2, feature_worker..."""
        return self.plan.urls

    @property
    def info(self) -> SystemInfo:
        """What system.json says now."""
        plan = self.plan
        return SystemInfo(
            supervisor=self._supervisor_record,
            phase=self._phase,
            folder=str(self.folder.root),
            port_offset=plan.ports.offset,
            ports=plan.ports.all() | plan.service_ports,
            urls=plan.urls,
            database_url=plan.postgres.url(),
            reader_database_url=plan.database_url("reader"),
            kafka_bootstrap=plan.kafka.bootstrap,
            kafka_login=plan.kafka.login("operator"),
            partitions=plan.partitions,
            token_private_key_file=str(self.folder.token_private_key),
            token_public_key_file=str(self.folder.token_public_key),
            artifacts_dir=str(self.folder.artifacts),
            logs_dir=str(self.folder.logs),
            control_socket=str(self._control),
            processes=dict(self._records),
        )

    def environment(self, name: str) -> dict[str, str]:
        """The variables that a process of a service is started with."""
        return self.plan.environment(name)

    def programs(self, names: Iterable[str]) -> list[Program]:
        """The processes of services with these names, ready to be started."""
        return [program for program in self._services(self.plan) if program.name in names]

    async def scale(self, service: str, count: int) -> None:
        """Runs a service `count` times: starts further processes, or stops the last ones. Returns when it is so.

        Raises:
            ValueError: there is no such service, or `count` is not positive.
            ActionableError: no port is free, or a process does not start; then none of the new ones runs. Or the system
                stops.
        """
        async with self._change():
            before = len(self.plan.names(service))
            added, gone = self.plan.scale(service, count)
            try:
                await self.supervisor.start(self.programs(added))
            except BaseException:
                self.plan.scale(service, before)
                gone = added
                raise
            finally:
                await self.supervisor.remove(gone)

    async def restart(self, name: str) -> list[str]:
        """Stops a process in order and starts it again: one by its name, or all of a service, one after the other.

        The names of what was restarted, all healthy again.

        Raises:
            NoSuchProcess: nothing of that name runs.
            StartFailed: a process does not come back.
            ActionableError: the system stops.
        """
        async with self._change():
            names = self.plan.names(name) if name in SERVICES else [name]
            if not self.supervisor.names().issuperset(names):
                known = [*SERVICES, *sorted(self.supervisor.names() - SERVICES.keys())]
                raise NoSuchProcess(f"there is no {name!r} here; what runs: {', '.join(known)}")
            for each in names:
                await self.supervisor.restart(each)
            return names

    @asynccontextmanager
    async def _change(self) -> AsyncIterator[None]:
        async with self._changing:
            if self._phase == "stopping":
                raise ActionableError(STOPS)
            yield

    def pid(self, name: str) -> int:
        """The pid of a process that runs now. Raises KeyError between two lives of it."""
        return self.supervisor.pids()[name]

    def kill(self, name: str) -> int:
        """SIGKILL to a service, to "postgres" or to "kafka"; the supervisor starts it again. Returns the old pid."""
        return self.supervisor.kill(name)

    def signal(self, name: str, number: signal.Signals) -> int:
        """Any other signal, such as SIGSTOP for a process that hangs. Returns the pid."""
        return self.supervisor.signal(name, number)

    async def until_healthy(self, name: str, *, timeout_s: float = 30.0) -> None:
        """Waits until a process that was killed answers again. Raises TimeoutError."""
        async with asyncio.timeout(timeout_s):
            await self.supervisor.until_healthy(name)

    def enter(self, phase: Phase) -> None:
        """Writes the new phase to system.json."""
        self._phase = phase
        self._write_info()

    def remove_info(self) -> None:
        """Removes system.json for good: a process that ends later does not write it again."""
        self._removed = True
        self.folder.system_file.unlink(missing_ok=True)
        self.folder.processes_file.unlink(missing_ok=True)

    def _write_info(self) -> None:
        if self._removed:
            return
        # A start time is read once: it costs a look into /proc, and cannot change.
        for name, pid in self.supervisor.pids().items():
            known = self._records.get(name)
            if (known is None or known.pid != pid) and (record := ProcessRecord.of(pid)):
                self._records[name] = record
        for name in self._records.keys() - self.supervisor.names():
            del self._records[name]
        try:
            self.folder.write_system(self.info)
            self.folder.write_processes(self.plan.urls)
            if self.plan.prometheus is not None:
                self.plan.prometheus.watch(self.plan.urls)
        except OSError as error:  # a full disk must not keep the system from being kept alive, or from being stopped
            self._report(f"system.json cannot be written: {first_line(error)}")


@asynccontextmanager
async def running_system(
    state: Path | str | None = None,
    port_offset: int = 0,
    *,
    partitions: int | None = None,
    report: Report = lambda _: None,
    scale: Scale = MappingProxyType({}),
    services: Services = SystemPlan.services,
    scrape_every_s: float | None = None,
    kafka_logins: bool = True,
) -> AsyncIterator[System]:
    """Starts a system on a state folder, yields it healthy, and stops it.

    `report` gets one line for each event. `partitions` counts at a folder's first start, and is DEFAULT_PARTITIONS if not
    given. `scale` says how often a service runs, if more than once. `services` is another list of services, for tests of
    the supervisor. With `scrape_every_s` the machine's own Prometheus runs beside them and scrapes each of them so often.
    Without `kafka_logins` whoever reaches Kafka's port may do everything there.
    Asked to stop through its control socket, it cancels the task that entered the block.

    Raises:
        ActionableError: the folder cannot be used or is in use, ports are taken, or something does not start.
    """
    folder, ports = StateFolder.at(state), Ports(port_offset)
    prepare_folder(folder, ports)
    task = asyncio.current_task()
    commands = SystemCommands(stop=task.cancel if task else lambda: None)
    with folder.locked():
        report = _journal(folder, commands, report)
        for name in await end_leftovers(folder):
            report(f"ended {name}, left over from a supervisor that was killed")
        ports.check_free()
        prometheus = _prometheus(folder, ports, scrape_every_s)
        plan = await _plan(folder, ports, partitions, prometheus, report, kafka_logins=kafka_logins)
        async with control_socket(folder.root, commands.handlers, report) as control:
            system = System(plan, report, services, control)
            for service, count in scale.items():
                system.plan.scale(service, count)
            try:
                await _start(system, report)
                commands.system = system
                yield system
            finally:
                await _stop(system, commands, report)
                commands.stopped.set()


def prepare_folder(folder: StateFolder, ports: Ports) -> None:
    """Makes a folder that is new only where something can start: no empty one is left.

    Raises:
        ActionableError: the folder cannot be used; or it is new, and ports are taken.
    """
    if not folder.root.exists():
        ports.check_free()
    folder.prepare()


def _journal(folder: StateFolder, commands: SystemCommands, report: Report) -> Report:
    """`report`, a line with the time in logs/supervisor.log, and word to whoever has given a command.

    Never raises: a full disk, or a terminal that is gone, must not keep the system from being stopped in order.
    """

    def write(line: str) -> None:
        with contextlib.suppress(OSError), (folder.logs / "supervisor.log").open("a") as log:
            log.write(f"{datetime.now(UTC).isoformat(timespec='milliseconds')} {line}\n")
        with contextlib.suppress(OSError):
            report(line)
        commands.report(line)

    return write


def _prometheus(folder: StateFolder, ports: Ports, scrape_every_s: float | None) -> PrometheusServer | None:
    if scrape_every_s is None:
        return None
    log = folder.logs / "prometheus.log"
    server = PrometheusServer(find_prometheus(), folder.prometheus, ports["prometheus"], log, scrape_every_s)
    server.prepare()
    return server


async def _plan(
    folder: StateFolder,
    ports: Ports,
    wanted_partitions: int | None,
    prometheus: PrometheusServer | None,
    report: Report,
    *,
    kafka_logins: bool,
) -> SystemPlan:
    partitions = folder.partitions(wanted_partitions, DEFAULT_PARTITIONS)
    is_upgraded = folder.ensure_keys()
    for log in folder.logs.glob("*.log"):
        if log.stat().st_size > LOG_LIMIT_BYTES:
            log.replace(log.with_suffix(".log.1"))
    postgres = PostgresServer(
        folder.postgres, ports["postgres"], folder.database_password(), folder.logs / "postgres.log"
    )
    install = await ensure_kafka(report)
    kafka = KafkaBroker(
        *(install, folder.kafka, ports["kafka"], ports["kafka_controller"], folder.logs / "kafka.log"),
        passwords=folder.kafka_passwords() if kafka_logins else {},
    )
    logins = service_logins(folder.role_passwords())
    return SystemPlan(folder, ports, postgres, kafka, partitions, prometheus, logins, is_upgraded)


async def _start(system: System, report: Report) -> None:
    started = time.monotonic()
    await together((_start_database(system), _start_broker(system)))
    await system.supervisor.start([*system.programs(system.plan.service_ports), *system.plan.prometheus_program()])
    system.enter("running")
    report(f"all is healthy after {time.monotonic() - started:.1f} s")


async def _start_database(system: System) -> None:
    plan = system.plan
    await plan.postgres.prepare()
    await system.supervisor.start([plan.postgres_program()])
    await plan.postgres.create_database()
    # Alembic takes a second to find out that there is nothing to do.
    if await plan.postgres.schema_revision() != newest_revision():
        await run_once(plan.migrations(), deadline_s=PREPARE_DEADLINE_S)
    await plan.postgres.grant_rights(plan.logins)
    if plan.signs_versions:
        await run_once(plan.signing(), deadline_s=PREPARE_DEADLINE_S)


async def _start_broker(system: System) -> None:
    plan = system.plan
    await plan.kafka.prepare()
    await system.supervisor.start([plan.kafka_program()])
    clock = asyncio.get_running_loop().time
    give_up_at = clock() + PREPARE_DEADLINE_S
    while True:
        try:
            async with asyncio.timeout_at(give_up_at):
                await plan.kafka.grant_rights()
                return await create_topics(plan.kafka.address(ADMIN), plan.partitions)
        except (KafkaError, TimeoutError) as error:
            # On a busy machine a broker accepts connections for a while before it answers questions.
            if not isinstance(error, BrokerUnavailable) or clock() > give_up_at:
                raise StartFailed(f"Kafka cannot be set up: {first_line(error)}") from error
        await asyncio.sleep(TOPICS_PAUSE_S)


def newest_revision() -> str:
    """The last migration, from the files' names; a test holds it against Alembic's own answer."""
    return max(path.name for path in VERSIONS.glob("[0-9]*.py")).split("_")[0]


async def _stop(system: System, commands: SystemCommands, report: Report) -> None:
    """Stops all in order; a cancellation during that (a second Ctrl-C) kills the rest at once."""
    report("stopping")
    system.enter("stopping")
    try:
        await commands.end()
        await system.supervisor.stop(stop_order(system.plan.urls))
    finally:
        system.supervisor.give_up()
        system.remove_info()
    report("stopped")
