"""Opens and closes all that the console uses, and nowhere else."""

from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx
from jinja2 import Environment

from ordercast.client import Addresses, Client
from ordercast.client.certificates import trusted_here
from ordercast.client.predictor import PredictorApi
from ordercast.client.transport import open_transport
from ordercast.services.console.dead_letters.waiting import WaitingLetters
from ordercast.services.console.flow.processes import Processes, addresses_of
from ordercast.services.console.flow.shown import ShownFlow
from ordercast.services.console.flow.watch import Watch
from ordercast.services.console.imports.kept_files import KeptFiles
from ordercast.services.console.imports.remembered import Remembered
from ordercast.services.console.log_in.log_ins import LogIns
from ordercast.services.console.settings import ConsoleSettings
from ordercast.services.console.streams import MOST_DRAWN, MOST_STREAMS, Streams
from ordercast.services.console.texts import environments
from ordercast.services.shared.http.health import Check
from ordercast.services.shared.process.background import running_beside

# Requests under way at once, of all pages together: people are few, and a page asks for some ten parts. Streams take none of them.
CONNECTIONS: Final = MOST_STREAMS + 12


@dataclass(frozen=True, slots=True)
class Console:
    """What the routes use; at `app.state.service`. `anybody` asks what needs no log-in; so do the `predictors`, each by itself.
    `processes` says where each process answers. `streams` keep a connection each, and the `drawn` ones none."""

    log_ins: LogIns
    anybody: Client
    predictors: Callable[[], Mapping[str, PredictorApi]]
    files: KeptFiles
    probes: httpx.AsyncClient
    processes: Processes
    watch: Watch
    flow: ShownFlow
    letters: WaitingLetters
    environments: Mapping[str, Environment]
    secure_cookies: bool
    password_min_length: int
    streams: Streams
    drawn: Streams
    checks: Mapping[str, Check]


@asynccontextmanager
async def open_console(settings: ConsoleSettings) -> AsyncIterator[Console]:
    """Everything. No other service has to be there yet."""
    shown, told = shown_urls(settings)
    addresses = Addresses(settings.order_api_url, settings.trainer_url, told["predictor"])
    # A page waits for nobody who is away: whoever reads it tries again.
    async with (
        open_transport(connections=CONNECTIONS, retry_for_s=0) as transport,
        httpx.AsyncClient(verify=trusted_here(), trust_env=False) as probes,
        _open_files(settings.views_sent, settings.told_of_files) as files,
    ):
        processes = Processes(told, settings.processes_file, addresses_of, _each(settings))
        watch = Watch(probes, processes)
        async with running_beside(watch.run, name="watch-services"):
            yield Console(
                log_ins=LogIns(transport, addresses),
                anybody=Client(transport, addresses),
                predictors=lambda: {
                    name: Client(transport, replace(addresses, predictor=url)).predictor
                    for name, url in processes.of("predictor").items()
                },
                files=files,
                probes=probes,
                processes=processes,
                watch=watch,
                flow=ShownFlow(),
                letters=WaitingLetters(),
                environments=environments(settings.restart_command, shown, told),
                secure_cookies=settings.secure_cookies,
                password_min_length=settings.password_min_length,
                streams=Streams(MOST_STREAMS),
                drawn=Streams(MOST_DRAWN),
                checks={},
            )


def shown_urls(settings: ConsoleSettings) -> tuple[dict[str, str], dict[str, str]]:
    """Where each process answers whoever reads a page, and where it answers the console."""
    told = {
        "order_api": settings.order_api_url,
        **_named("relay", settings.relay_url),
        **_named("feature_worker", settings.feature_worker_url),
        "trainer": settings.trainer_url,
        **_named("predictor", settings.predictor_url),
    }
    public = {
        "order_api": settings.public_order_api_url,
        "trainer": settings.public_trainer_url,
        "predictor": settings.public_predictor_url,
    }
    return told | {name: url for name, url in public.items() if url}, told


def _each(settings: ConsoleSettings) -> dict[str, str]:
    """Where the processes of services that others stand before answer one by one."""
    each = {
        "order_api": settings.each_order_api_url,
        "trainer": settings.each_trainer_url,
        "predictor": settings.each_predictor_url,
    }
    return {name: url for name, url in each.items() if url}


def _named(service: str, urls: str) -> dict[str, str]:
    """The processes of a service that there may be several of."""
    addresses = [url.strip() for url in urls.split(",")]
    return {service if number == 1 else f"{service}-{number}": url for number, url in enumerate(addresses, start=1)}


@asynccontextmanager
async def _open_files(views_sent: Path | None, told: Path | None) -> AsyncIterator[KeptFiles]:
    """Files that are handed in, in a folder that goes with the process."""
    with TemporaryDirectory(prefix="ordercast-console-") as name:
        remembered = Remembered(told or Path(name) / "told.json")
        files = KeptFiles(Path(name), views_sent or Path(name) / "views_sent", remembered)
        try:
            yield files
        finally:
            await files.close()
