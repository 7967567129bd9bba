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
from ordercast.services.shared.process.exit_with_reason import exit_with_reason
from ordercast.services.shared.process.settings import read_settings
from ordercast.services.shared.serving.run_service import run_service
from ordercast.services.shared.telemetry.logs import configure_logging

# New objects between two collections, as `serve` sets it for the worker: a batch makes some 100,000 that live until its
# commit, and by default (700) the collector walks through them again and again, for a third of the time.
GARBAGE_THRESHOLD: Final = 20_000


def run_worker() -> None:
    run_service("feature_worker", FeatureWorkerSettings, feature_worker_app)


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
    with exit_with_reason("feature_worker", FeatureWorkerError, KafkaError, SQLAlchemyError, OSError):
        COMMANDS[command]()


if __name__ == "__main__":
    main()
