"""What of a system that somebody else runs does not answer, or does not let a command in, and how to fix it."""

from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from typing import Final

import asyncpg

from ordercast.client.database import snapshot
from ordercast.client.kafka import ends_of, open_consumer
from ordercast.client.probe import check_answers, read_failing_checks
from ordercast.contracts.topics import ALL_TOPICS
from ordercast.errors import ActionableError
from ordercast.first_line import first_line
from ordercast.infra.local.finding import Finding
from ordercast.system.access import SYSTEM_ERRORS, open_access
from ordercast.system.examine_certificates import examine_certificates
from ordercast.system.remote import RemoteSystem

# How the address of each service is given.
OPTIONS: Final = {
    "order_api": "--against",
    "trainer": "--trainer",
    "predictor": "--predictor",
    "console": "ORDERCAST_CONSOLE_URL",
}
# Who they are to PostgreSQL.
_SERVICES: Final = ("order_api", "relay", "feature_worker", "trainer", "predictor")
_LOGGED_IN: Final = """
    SELECT DISTINCT usename FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = ANY ($1) ORDER BY usename
"""


async def examine_remote(system: RemoteSystem) -> AsyncIterator[Finding]:
    """All checks, each as soon as it is done. They change nothing."""
    for name, address in asdict(system.addresses).items():
        yield await _service(name, address)
    if system.console:
        yield await _console(system.console, may_be_missing="console" in system.guessed)
    for what, hint, check in (
        ("admin", "set ORDERCAST_ADMIN_EMAIL and ORDERCAST_ADMIN_PASSWORD", _admin),
        ("PostgreSQL", "set ORDERCAST_DATABASE_URL", _database),
        (
            "Kafka",
            "set ORDERCAST_KAFKA_BOOTSTRAP; `python -m ordercast.services.shared.kafka.topics` makes topics",
            _kafka,
        ),
    ):
        yield await _checked(what, hint, check, system)
    try:
        async for finding in examine_certificates(system.settings):
            yield finding
    except ActionableError:
        pass  # wrong settings are told above, where a client uses them


async def _service(name: str, address: str) -> Finding:
    hint = f"name where it listens with {OPTIONS[name]}, and look at its log"
    try:
        await check_answers(address)
    except SYSTEM_ERRORS as error:
        return Finding(name, False, str(error), hint)
    failing = await read_failing_checks(address)
    if failing is None:
        return Finding(name, False, f"{address} answers, but not whether it is ready", hint)
    missing = "; ".join(f"it misses {part}: {reason}" for part, reason in failing.items())
    return Finding(name, True, f"{address}; {missing}" if missing else address)


async def _console(address: str, *, may_be_missing: bool) -> Finding:
    if may_be_missing and await read_failing_checks(address) is None:
        return Finding("console", True, f"none answers at {address}: name another address in ORDERCAST_CONSOLE_URL")
    return await _service("console", address)


async def _checked(
    what: str, hint: str, check: Callable[[RemoteSystem], Awaitable[str]], system: RemoteSystem
) -> Finding:
    try:
        return Finding(what, True, await check(system))
    except (ActionableError, asyncpg.PostgresError, *SYSTEM_ERRORS) as error:
        return Finding(what, False, first_line(error), getattr(error, "hint", "") or hint)


async def _admin(system: RemoteSystem) -> str:
    async with open_access(system, retry_for_s=0) as access:
        return f"account {(await access.admin.order_api.me()).id}"


async def _database(system: RemoteSystem) -> str:
    async with snapshot(system.database_url, application="ordercast doctor") as connection:
        revision = await connection.fetchval("SELECT version_num FROM alembic_version")
        users = [row["usename"] for row in await connection.fetch(_LOGGED_IN, [*_SERVICES])]
    if len(users) == 1:
        return f"schema {revision}; all services log in as {users[0]}, who may do everything (SECURITY.md says how to part them)"
    return f"schema {revision}; the services log in as {', '.join(users)}" if users else f"schema {revision}"


async def _kafka(system: RemoteSystem) -> str:
    async with open_consumer(system.kafka_bootstrap) as consumer:
        ends = await ends_of(consumer, [topic.name for topic in ALL_TOPICS])
        return f"{len(ALL_TOPICS)} topics with {len(ends)} partitions"
