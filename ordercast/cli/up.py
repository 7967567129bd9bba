"""`ordercast up`: the whole system in the foreground, with one log."""

import asyncio
import itertools
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import MappingProxyType
from typing import Annotated, Final

import typer
from rich.table import Table
from rich.text import Text

from ordercast.cli.options import EXIT_INTERRUPTED, Context, command, one_command
from ordercast.cli.service_counts import read_scale
from ordercast.infra.local.follow_logs import following_logs
from ordercast.infra.local.ports import Ports
from ordercast.infra.local.processes import DEFAULT_PARTITIONS, SERVICES, Scale, SystemPlan
from ordercast.infra.local.prometheus import SCRAPE_EVERY_S
from ordercast.infra.local.state import SystemInfo
from ordercast.infra.local.system import Services, prepare_folder, running_system

app = one_command()

# The names in the log, each in a colour of its own.
COLOURS: Final = ("cyan", "green", "yellow", "magenta", "blue", "bright_cyan", "bright_green", "bright_magenta")
NAME_WIDTH: Final = 16
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@app.command()
@command()
async def up(
    context: Context,
    partitions: Annotated[
        int | None,
        typer.Option(
            min=1,
            max=256,
            help=f"Of the topics orders and views, fixed at a folder's first start; {DEFAULT_PARTITIONS} if not given.",
            show_default=False,
        ),
    ] = None,
    scale: Annotated[
        list[str] | None,
        typer.Option(
            metavar="SERVICE=COUNT",
            help=f"Run a service several times; may be given for each of {', '.join(SERVICES)}.",
            show_default=False,
        ),
    ] = None,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Do not show the log.")] = False,
    with_prometheus: Annotated[
        bool,
        typer.Option(
            "--with-prometheus", help="Scrape the services with this machine's Prometheus, alert rules loaded."
        ),
    ] = False,
) -> None:
    """Start the whole system here and keep it running until Ctrl-C.

    PostgreSQL, Kafka and the services run on this machine alone; their data stays in the state folder. A second Ctrl-C
    does not wait for an orderly end. With --scale the second process of a service is called, say, relay-2 and listens on a
    free port that `ordercast status` shows; the first one keeps its name and port. `ordercast scale`, `restart` and `stop`
    work on it while it runs.
    """
    scrape_every_s = SCRAPE_EVERY_S if with_prometheus else None
    await keep_running(
        context, partitions=partitions, scale=read_scale(scale or []), quiet=quiet, scrape_every_s=scrape_every_s
    )


async def keep_running(
    context: Context,
    *,
    partitions: int | None = None,
    scale: Scale = MappingProxyType({}),
    quiet: bool = False,
    services: Services = SystemPlan.services,
    scrape_every_s: float | None = None,
) -> None:
    """Runs a system until a signal asks it to end. Raises ActionableError, and typer.Exit for an interrupted start."""
    show = _Log(context)
    prepare_folder(context.folder, Ports(context.port_offset or 0))
    with cancelled_by_signals() as stop:
        try:
            async with (
                following_logs(context.folder.logs, (lambda *_: None) if quiet else show.line),
                running_system(
                    context.folder.root,
                    context.port_offset or 0,
                    partitions=partitions,
                    report=show.event,
                    scale=scale,
                    services=services,
                    scrape_every_s=scrape_every_s,
                ) as system,
            ):
                stop.healthy = True
                context.result(system.info, _addresses(system.info))
                await asyncio.Event().wait()
        except asyncio.CancelledError:
            if not stop.healthy:
                raise typer.Exit(EXIT_INTERRUPTED) from None


class _Stop:
    """Whether the system was healthy before it was asked to stop."""

    healthy = False


@contextmanager
def cancelled_by_signals() -> Iterator[_Stop]:
    """Turns the signals that ask a program to end into a cancellation of the current task, each time anew."""
    task = asyncio.current_task()
    assert task is not None, "called on a running event loop"  # noqa: S101
    loop = asyncio.get_running_loop()
    numbers = [number for number in STOP_SIGNALS if not _is_meant_to_survive(number)]
    for number in numbers:
        loop.add_signal_handler(number, task.cancel)
    try:
        yield _Stop()
    finally:
        for number in numbers:
            loop.remove_signal_handler(number)


def _is_meant_to_survive(number: signal.Signals) -> bool:
    """`nohup` has the signal of a closed terminal ignored; its user means it."""
    return number == signal.SIGHUP and signal.getsignal(number) == signal.SIG_IGN


class _Log:
    """Prints lines with the name of the process that wrote them."""

    def __init__(self, context: Context) -> None:
        self._console = context.console
        self._colours: dict[str, str] = {}
        self._next_colour = itertools.cycle(COLOURS)

    def line(self, name: str, line: str) -> None:
        if name != "supervisor":  # its lines are shown as events, also with --quiet
            self._print(name, Text.from_ansi(line))

    def event(self, line: str) -> None:
        self._print("ordercast", Text(line, style="bold"))

    def _print(self, name: str, line: Text) -> None:
        if name not in self._colours:
            self._colours[name] = next(self._next_colour)
        prefix = (f"{name:<{NAME_WIDTH}} │ ", self._colours[name])
        self._console.print(Text.assemble(prefix, line), soft_wrap=True)


def _addresses(info: SystemInfo) -> Table:
    table = Table.grid(padding=(0, 2))
    for name, url in info.urls.items():
        table.add_row(f"[bold]{name}[/]", url)
    table.add_row("[bold]API documentation[/]", f"{info.urls['order_api']}/docs")
    table.add_row("[bold]kafka[/]", info.kafka_bootstrap)
    table.add_row("[bold]postgres[/]", f"127.0.0.1:{info.ports['postgres']}, password in {info.folder}/system.json")
    table.add_row("[bold]logs[/]", info.logs_dir)
    return table
