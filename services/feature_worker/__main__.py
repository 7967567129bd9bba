"""`python -m ordercast.services.feature_worker`: the worker, with health and metrics; `... rebuild`: makes its tables again."""

import argparse
import asyncio
import gc
import logging
import sys
import time
from typing import Final

from sqlalchemy.exc import SQLAlchemyError

from ordercast.services.feature_worker.app import feature_worker_app
from ordercast.services.feature_worker.errors import FeatureWorkerError
from ordercast.services.feature_worker.settings import FeatureWorkerSettings
from ordercast.services.feature_worker.wiring import open_rebuild
from ordercast.services.shared.kafka.errors import KafkaError
from ordercast.services.shared.process.errors import CannotStart
from ordercast.services.shared.process.serve import serve
from ordercast.services.shared.process.settings import read_settings
from ordercast.services.shared.telemetry.export_spans import exported_spans
from ordercast.services.shared.telemetry.logs import configure_logging
from ordercast.services.shared.telemetry.settings import TracingSettings

# New objects between two collections, as `serve` sets it for the worker: a batch makes some 100,000 that live until its
# commit, and by default (700) the collector walks through them again and again, for a third of the time.
GARBAGE_THRESHOLD: Final = 20_000


def run_worker() -> None:
    settings = read_settings(FeatureWorkerSettings)
    configure_logging("feature_worker", settings.log_format)
    with exported_spans("feature_worker", read_settings(TracingSettings)):
        serve(feature_worker_app(settings), host=settings.host, port=settings.port)


def run_rebuild() -> None:
    """Progress on stderr, the differences on stdout."""
    settings = read_settings(FeatureWorkerSettings)
    configure_logging("rebuild", settings.log_format, logging.WARNING)
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)
    asyncio.run(_rebuild(settings))


async def _rebuild(settings: FeatureWorkerSettings) -> None:
    async with open_rebuild(settings, _Progress()) as rebuild:
        differences = await rebuild()
    for example in differences.examples:
        sys.stdout.write(f"{example}\n")
    sys.stdout.write(f"rebuild: {differences.count} differences; the rebuilt tables are in place\n")


class _Progress:
    """Writes a line each second."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() >= self._next or done == total:
            self._next = time.monotonic() + 1
            sys.stderr.write(f"rebuild: {done} of {total} events\n")


COMMANDS: Final = {"work": run_worker, "rebuild": run_rebuild}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m ordercast.services.feature_worker", description=__doc__)
    parser.add_argument("command", nargs="?", choices=COMMANDS, default="work")
    command: str = parser.parse_args().command
    try:
        COMMANDS[command]()
    except (CannotStart, FeatureWorkerError, KafkaError, SQLAlchemyError, OSError) as error:
        sys.exit(f"feature_worker: {error}".partition("\n")[0])


if __name__ == "__main__":
    main()
