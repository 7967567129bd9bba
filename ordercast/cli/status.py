"""`ordercast status`: what runs, whether it is healthy, and how far behind."""

import asyncio
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Final

import psutil
import typer
from rich.console import Group
from rich.table import Table
from rich.text import Text

from ordercast.cli.options import Context, command, one_command, printable
from ordercast.client.database import answers as database_answers
from ordercast.client.probe import read_failing_checks
from ordercast.errors import ActionableError
from ordercast.infra.local.finding import Finding
from ordercast.infra.local.probes import answers_ok, kafka_answers
from ordercast.infra.local.prometheus import READY_PATH
from ordercast.infra.local.state import ProcessRecord, SystemInfo
from ordercast.kafka_security import brokers_of, client_security
from ordercast.reading.backlog import Backlog, read_backlog
from ordercast.system.examine_certificates import examine_certificates
from ordercast.system.remote import RemoteSettings, RemoteSystem

app = one_command()

# Deadline (s) for the figures of PostgreSQL and of Kafka.
FIGURES_DEADLINE_S: Final = 3.0


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process. `pid` and `memory_bytes` are None while it is between two lives, and on other machines.

    It is healthy if it answers. `failing` has what it misses to do all of its work, each part with the reason.
    """

    name: str
    address: str
    pid: int | None
    healthy: bool
    memory_bytes: int | None
    failing: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """The answer of `ordercast status --json`, without its figures. `folder` is the URL of a system that somebody else runs.

    `certificates` are those of its servers that are checked; the servers of this machine are spoken to without.
    """

    folder: str
    phase: str
    processes: list[ProcessStatus]
    backlog: Backlog
    certificates: list[Finding] = field(default_factory=list)

    @property
    def all_healthy(self) -> bool:
        return self.phase == "running" and all(process.healthy for process in self.processes)


@app.command()
@command(against=True)
async def status(context: Context) -> None:
    """Show what runs, where, whether it is healthy, and how far behind.

    Healthy is what answers; what a service misses stands below, with the reason. With --against it looks at order_api, trainer
    and predictor, at a console if there is one, and at PostgreSQL and Kafka, and the days left to their certificates, if their
    addresses are given.
    Exit code 1 if no system runs on the folder or something in it is not healthy.
    """
    remote = context.remote
    found = await (remote_status(remote) if remote else system_status(context.system()))
    document = asdict(found)
    context.result({**document, **document.pop("backlog")}, table_of(found))
    if not found.all_healthy:
        raise typer.Exit(1)


async def system_status(info: SystemInfo) -> SystemStatus:
    """Asks every process how it is. Takes no longer than the deadlines, whatever hangs."""
    database = info.reader_database_url or info.database_url
    processes, backlog = await asyncio.gather(
        _statuses(_servers(database, info.kafka_bootstrap) | info.urls, database, info.processes),
        read_backlog(database, info.kafka_address, deadline_s=FIGURES_DEADLINE_S),
    )
    return SystemStatus(info.folder, info.phase, processes, backlog)


async def remote_status(system: RemoteSystem) -> SystemStatus:
    """The same of a system that somebody else runs, as far as its addresses are known."""
    database, kafka = system.settings.database_url, system.settings.kafka_bootstrap
    addresses = _servers(database, kafka) | asdict(system.addresses) | await _console(system)
    processes, backlog, certificates = await asyncio.gather(
        _statuses(addresses, database, {}),
        read_backlog(database, kafka, deadline_s=FIGURES_DEADLINE_S),
        _certificates(system.settings),
    )
    return SystemStatus(system.addresses.order_api, "running", processes, backlog, certificates)


async def _console(system: RemoteSystem) -> dict[str, str]:
    """A system may go without one: where nobody has named it, it is one that answers."""
    if system.console is None:
        return {}
    is_there = "console" not in system.guessed or await read_failing_checks(system.console) is not None
    return {"console": system.console} if is_there else {}


async def _certificates(settings: RemoteSettings) -> list[Finding]:
    try:
        return [finding async for finding in examine_certificates(settings)]
    except ActionableError:
        return []  # wrong settings of TLS: the server's own row says that it is not reached


def _servers(database_url: str | None, kafka_bootstrap: str | None) -> dict[str, str]:
    """The addresses of PostgreSQL and of Kafka, without passwords."""
    kafka = kafka_bootstrap and brokers_of(kafka_bootstrap)
    database = database_url and database_url.rpartition("@")[2].partition("/")[0]
    return {name: address for name, address in (("postgres", database), ("kafka", kafka)) if address}


async def _statuses(
    addresses: Mapping[str, str], database_url: str | None, records: Mapping[str, ProcessRecord]
) -> list[ProcessStatus]:
    return await asyncio.gather(
        *(_status(name, address, database_url, records.get(name), bool(records)) for name, address in addresses.items())
    )


async def _status(
    name: str, address: str, database_url: str | None, record: ProcessRecord | None, is_here: bool
) -> ProcessStatus:
    process = record.process() if record else None
    failing = None if is_here and process is None else await _failing(name, address, database_url, is_here)
    return ProcessStatus(
        name, address, process.pid if process else None, failing is not None, _memory(process), failing or {}
    )


async def _failing(name: str, address: str, database_url: str | None, is_here: bool) -> dict[str, str] | None:
    """What it misses; None if it does not answer."""
    if name == "postgres":
        answers = database_url is not None and await database_answers(database_url)
    elif name == "kafka":
        tls = None if is_here else client_security().get("ssl_context")
        brokers = (broker.rpartition(":") for broker in address.split(","))
        answers = any(await asyncio.gather(*(kafka_answers(host, int(port), tls) for host, _, port in brokers)))
    elif name == "prometheus":
        answers = await answers_ok(int(address.rpartition(":")[2]), READY_PATH)
    else:
        return await read_failing_checks(address)
    return {} if answers else None


def _memory(process: psutil.Process | None) -> int | None:
    """What would be free again if the process and all that it started were gone."""
    if process is None:
        return None
    try:
        return sum(member.memory_full_info().uss for member in (process, *process.children(recursive=True)))
    except psutil.Error:
        return None


def table_of(found: SystemStatus) -> Group:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("process", "address", "pid", "health", "memory"):
        table.add_column(heading, justify="right" if heading in ("pid", "memory") else "left")
    for process in found.processes:
        health = "[green]healthy[/]" if process.healthy else "[red]not healthy[/]"
        memory = "" if process.memory_bytes is None else f"{process.memory_bytes / 1e6:.0f} MB"
        table.add_row(process.name, process.address, str(process.pid or "-"), health, memory)
    failing = [
        Text(printable(f"{process.name} misses {part}: {reason}"))
        for process in found.processes
        for part, reason in process.failing.items()
    ]
    certificates = [
        Text(printable(f"{each.check}: {each.detail}" + ("" if each.healthy else f" ({each.hint})")))
        for each in found.certificates
    ]
    backlog = found.backlog
    return Group(
        f"{found.folder}: {found.phase}",
        table,
        *failing,
        *certificates,
        f"events not yet published:             {_figure(backlog.outbox_backlog_events)}",
        f"events not yet in the feature table:  {_figure(backlog.consumer_lag_events)}",
        f"events that the worker refused:       {_waiting(backlog.dead_letters_waiting, 'dead-letters')}",
        f"events of orders that Kafka refused:  {_waiting(backlog.outbox_dead_letters_waiting, 'outbox')}",
    )


def _figure(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"


def _waiting(number: int | None, command: str) -> str:
    return _figure(number) + (f" wait: ordercast {command} list" if number else "")
