"""`ordercast status`: what runs on a folder, whether it is healthy, and how far behind."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

import psutil
import typer
from rich.console import Group
from rich.table import Table

from ordercast.cli.metrics import Metrics, read_metrics
from ordercast.cli.options import Context, command, one_command
from ordercast.infra.local.probes import accepts_connections, answers_ok
from ordercast.infra.local.processes import service_of
from ordercast.infra.local.prometheus import READY_PATH
from ordercast.infra.local.state import ProcessRecord, SystemInfo

app = one_command()

BACKLOG = "ordercast_outbox_backlog_events"
LAG = "ordercast_worker_lag_events"


@dataclass(frozen=True, slots=True)
class ProcessStatus:
    """One process. `pid` and `memory_bytes` are None while it is between two lives."""

    name: str
    address: str
    pid: int | None
    healthy: bool
    memory_bytes: int | None


@dataclass(frozen=True, slots=True)
class SystemStatus:
    """The answer of `ordercast status --json`. A figure is None when the service that keeps it does not answer."""

    folder: str
    phase: str
    processes: list[ProcessStatus]
    outbox_backlog_events: int | None
    consumer_lag_events: int | None

    @property
    def all_healthy(self) -> bool:
        return self.phase == "running" and all(process.healthy for process in self.processes)


@app.command()
@command()
async def status(context: Context) -> None:
    """Show what runs, where, whether it is healthy, and how far behind.

    Exit code 1 if no system runs on the folder or something in it is not healthy.
    """
    found = await system_status(context.system())
    context.result(found, _table(found))
    if not found.all_healthy:
        raise typer.Exit(1)


async def system_status(info: SystemInfo) -> SystemStatus:
    """Asks every process how it is. Takes no longer than one deadline, whatever hangs."""
    servers = {"postgres": f"127.0.0.1:{info.ports['postgres']}", "kafka": info.kafka_bootstrap}
    processes = await asyncio.gather(
        *(_status(name, address, info.processes.get(name)) for name, address in {**servers, **info.urls}.items())
    )
    relays, workers = await asyncio.gather(_metrics_of("relay", info), _metrics_of("feature_worker", info))
    return SystemStatus(info.folder, info.phase, processes, backlog_of(relays), lag_of(workers))


async def _metrics_of(service: str, info: SystemInfo) -> list[Metrics]:
    """The metrics of each process of a service."""
    urls = [url for name, url in info.urls.items() if service_of(name) == service]
    return await asyncio.gather(*map(read_metrics, urls))


def backlog_of(relays: Sequence[Metrics]) -> int | None:
    """Every relay measures the whole outbox, at moments of their own."""
    return max((found for relay in relays if (found := relay.total(BACKLOG)) is not None), default=None)


def lag_of(workers: Sequence[Metrics]) -> int | None:
    """Every worker measures its own partitions: a sum without one of them would be too small."""
    found = [worker.total(LAG) for worker in workers if worker.values]
    known = [lag for lag in found if lag is not None]  # a worker without partitions has none
    return sum(known) if known and len(found) == len(workers) else None


async def _status(name: str, address: str, record: ProcessRecord | None) -> ProcessStatus:
    process = record.process() if record else None
    healthy = process is not None and await _answers(address, READY_PATH if name == "prometheus" else "/healthz")
    return ProcessStatus(name, address, process.pid if process else None, healthy, _memory(process))


async def _answers(address: str, path: str) -> bool:
    port = int(address.rsplit(":", 1)[1])
    return await (answers_ok(port, path) if address.startswith("http") else accepts_connections(port))


def _memory(process: psutil.Process | None) -> int | None:
    """What would be free again if the process and all that it started were gone."""
    if process is None:
        return None
    try:
        return sum(member.memory_full_info().uss for member in (process, *process.children(recursive=True)))
    except psutil.Error:
        return None


def _table(found: SystemStatus) -> Group:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("process", "address", "pid", "health", "memory"):
        table.add_column(heading, justify="right" if heading in ("pid", "memory") else "left")
    for process in found.processes:
        health = "[green]healthy[/]" if process.healthy else "[red]not healthy[/]"
        memory = "" if process.memory_bytes is None else f"{process.memory_bytes / 1e6:.0f} MB"
        table.add_row(process.name, process.address, str(process.pid or "-"), health, memory)
    return Group(
        f"{found.folder}: {found.phase}",
        table,
        f"events not yet published:             {_figure(found.outbox_backlog_events)}",
        f"events not yet in the feature table:  {_figure(found.consumer_lag_events)}",
    )


def _figure(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"
