"""`python -m ordercast.services.feature_worker`: the worker, with health and metrics; `... rebuild`: makes its tables again;
`... resume` and `... repairs`: streams whose numbers do not add up."""

from ordercast.services.shared.quick_imports import quick_imports

with quick_imports():
    import argparse
    import asyncio
    import gc
    import logging
    import sys
    import time
    from collections.abc import AsyncIterator, Callable
    from typing import Final

    import msgspec
    from sqlalchemy.exc import SQLAlchemyError

    from ordercast.services.feature_worker.app import feature_worker_app
    from ordercast.services.feature_worker.errors import FeatureWorkerError
    from ordercast.services.feature_worker.resume_streams import ResumeStreams, read_repairs
    from ordercast.services.feature_worker.settings import FeatureWorkerSettings, RepairSettings
    from ordercast.services.feature_worker.wiring import open_rebuild
    from ordercast.services.shared.db.engine import Sessions, open_database
    from ordercast.services.shared.kafka.errors import KafkaError
    from ordercast.services.shared.process.exit_with_reason import exit_with_reason
    from ordercast.services.shared.process.settings import read_settings
    from ordercast.services.shared.serving.run_service import run_service
    from ordercast.services.shared.telemetry.logs import configure_logging

# New objects between two collections, as `serve` sets it for the worker: a batch makes some 100,000 that live until its
# commit, and by default (700) the collector walks through them again and again, for a third of the time.
GARBAGE_THRESHOLD: Final = 20_000


def run_worker(_: argparse.Namespace) -> None:
    run_service("feature_worker", FeatureWorkerSettings, feature_worker_app)


def run_rebuild(_: argparse.Namespace) -> None:
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


def run_resume(arguments: argparse.Namespace) -> None:
    resume = ResumeStreams(
        arguments.stream,
        by=arguments.by,
        reason=arguments.reason,
        dry_run=arguments.dry_run,
        partition=arguments.partition,
    )
    asyncio.run(_write_lines(resume))


def run_repairs(_: argparse.Namespace) -> None:
    asyncio.run(_write_lines(read_repairs))


async def _write_lines(use_case: Callable[[Sessions], AsyncIterator[object]]) -> None:
    """Writes what a use case yields: a line of JSON each."""
    async with open_database(read_settings(RepairSettings).database_url, application="resume", pool_size=1) as sessions:
        async for item in use_case(sessions):
            sys.stdout.write(msgspec.json.encode(item).decode() + "\n")


class _Progress:
    """Writes a line each second."""

    def __init__(self) -> None:
        self._next = 0.0

    def __call__(self, done: int, total: int) -> None:
        if time.monotonic() >= self._next or done == total:
            self._next = time.monotonic() + 1
            sys.stderr.write(f"rebuild: {done} of {total} events\n")


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m ordercast.services.feature_worker", description=__doc__)
    parser.set_defaults(run=run_worker)
    commands = parser.add_subparsers(dest="command", metavar="COMMAND")
    commands.add_parser("work", help="apply events (the default)").set_defaults(run=run_worker)
    commands.add_parser("rebuild", help="make the tables again from the topics").set_defaults(run=run_rebuild)
    resume = commands.add_parser("resume", help="repair streams whose numbers do not add up; a line of JSON each")
    resume.add_argument("--stream", help="the producer's name; none: all that need it")
    resume.add_argument("--partition", type=int, help="none: all")
    resume.add_argument("--by", required=True, help="who does it")
    resume.add_argument("--reason", default="")
    resume.add_argument("--dry-run", action="store_true", help="only tell what would be done")
    resume.set_defaults(run=run_resume)
    commands.add_parser("repairs", help="the repairs that were made, a line of JSON each").set_defaults(run=run_repairs)
    return parser.parse_args()


def main() -> None:
    arguments = read_arguments()
    with exit_with_reason(
        arguments.command or "feature_worker", FeatureWorkerError, KafkaError, SQLAlchemyError, OSError
    ):
        arguments.run(arguments)


if __name__ == "__main__":
    main()
