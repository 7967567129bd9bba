"""Fixtures that any test may ask for. The two servers start when the first test asks for them, once for the run."""

import asyncio
import gc
import os
import signal
import uuid
from collections.abc import AsyncIterator, Generator
from pathlib import Path
from types import FrameType
from typing import Final

import hypothesis
import pytest
import structlog

from ordercast.infra.migrations.upgrade import upgrade
from ordercast.testing.system import STACKS
from tests.support.folders import memory_folder
from tests.support.fresh_topics import FreshTopics, empty_topics
from tests.support.scheduler import pytest_xdist_make_scheduler  # noqa: F401 - a hook
from tests.support.stack import KafkaUnderTest, PostgresUnderTest, Stack, stack_of

# How long an example takes is no property of the code: on a busy machine each takes as long as it takes.
hypothesis.settings.register_profile(
    "ordercast", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("ordercast")
# Enough to tell partitions apart, few enough to look at.
TEST_PARTITIONS: Final = 4
TEMPLATE: Final = "migrated_template"
TESTS: Final = Path(__file__).parent
# Tests that no other stack can run, and why.
EMBEDDED_BY_NATURE: Final = {
    "integration/local": "it is about the embedded servers and their supervisor",
    "integration/console": "it starts the whole of `ordercast up`, or services that it makes up",
    "integration/cli": "commands find their system by the state folder of `ordercast up`",
    "integration/observability": "Prometheus scrapes processes of this machine",
    "e2e/test_traces.py": "the collector is told by processes of this machine",
    "faults": "it kills processes of this machine",
}
# What takes about a minute or more by itself. With several workers it comes first, or one of them would be left with it while
# the others are idle.
LONG: Final = (
    "faults",
    "e2e",
    "helm/test_manifests.py",
    "integration/consumers",
    "integration/trainer",
    "integration/local",
    "unit/services/trainer",
)
# A project of its own, with a configuration of its own; tests/e2e/test_wheel.py runs it.
collect_ignore = ["example_project"]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--stack", choices=STACKS, default="embedded", help="who runs PostgreSQL, Kafka and the system")


def pytest_configure(config: pytest.Config) -> None:
    """Tests send Ctrl-C, which a run that a script put into the background would ignore, with all that it starts.

    Trainings find what was compiled for the same networks before: half of a small training is compiling.

    Without an engine there is one clear error, and not one for each test.
    """
    plain_tracebacks()
    if folder := memory_folder():
        os.environ.setdefault("PYTEST_DEBUG_TEMPROOT", str(folder))
    compiled = config.cache.mkdir("compiled_networks") if config.cache else None
    if compiled:
        os.environ.setdefault("TF_XLA_FLAGS", f"--tf_xla_persistent_cache_directory={compiled}")
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if hasattr(config, "workerinput"):
        signal.signal(signal.SIGTERM, tell_of_sigterm)
    if config.getoption("--stack") == "containers":
        from ordercast.stacks.engine import EngineMissing, connect

        try:
            connect().client.close()
        except EngineMissing as error:
            raise pytest.UsageError(f"--stack=containers: {error} ({error.hint})") from None


def plain_tracebacks() -> None:
    """As services log them. Those of structlog's defaults show all local variables, which takes 8 s for one failed request."""
    renderer = structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)
    structlog.configure(processors=[*structlog.get_config()["processors"][:-1], renderer])


def tell_of_sigterm(number: int, frame: FrameType | None) -> None:
    """A service whose background work fails ends its process in order; one that a test runs in this process would end the tests.

    What the work raised stands above this error, as its context. The process that shares the tests out is ended by it as ever.
    """
    raise RuntimeError("a service in this process ended itself (SIGTERM)")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Looks for no garbage while it imports 500 modules, and leaves them out of every later look: a million objects."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.collect()
        gc.freeze()
        gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Puts the long ones first. Under another stack, skips what is about the embedded one."""
    items.sort(key=lambda item: not any(item.path.is_relative_to(TESTS / long) for long in LONG))
    if config.getoption("--stack") == "embedded":
        return
    for item in items:
        for folder, reason in EMBEDDED_BY_NATURE.items():
            if item.path.is_relative_to(TESTS / folder):
                item.add_marker(pytest.mark.skip(reason=f"embedded by nature: {reason}"))


@pytest.fixture(scope="session")
def stack(request: pytest.FixtureRequest) -> Stack:
    """The maker chosen with --stack."""
    return stack_of(request.config.getoption("--stack"))


@pytest.fixture(scope="session")
async def postgres_server(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PostgresUnderTest]:
    """The PostgreSQL of this run."""
    async with stack.postgres(tmp_path_factory.mktemp("postgres")) as server, server.running():
        yield server


@pytest.fixture(scope="session")
async def kafka_broker(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[KafkaUnderTest]:
    """The Kafka broker of this run."""
    async with stack.kafka(tmp_path_factory.mktemp("kafka")) as broker, broker.running():
        yield broker


@pytest.fixture(scope="session")
def kafka_bootstrap(kafka_broker: KafkaUnderTest) -> str:
    """host:port of the broker. Topics may hold what other tests left: ask for `fresh_topics` to have them empty."""
    return kafka_broker.bootstrap


@pytest.fixture(scope="session")
async def migrated_template(postgres_server: PostgresUnderTest) -> str:
    """The name of a database with the newest schema and no rows, to copy and never to connect to."""
    await postgres_server.create_database(TEMPLATE)
    await asyncio.to_thread(upgrade, postgres_server.url(TEMPLATE))
    return TEMPLATE


@pytest.fixture
async def database_url(postgres_server: PostgresUnderTest, migrated_template: str) -> AsyncIterator[str]:
    """A migrated database without rows, for one test."""
    name = f"test_{uuid.uuid4().hex}"
    await postgres_server.create_database(name, template=migrated_template)
    yield postgres_server.url(name)
    await postgres_server.drop_database(name)


@pytest.fixture(scope="module")
async def module_database_url(postgres_server: PostgresUnderTest, migrated_template: str) -> AsyncIterator[str]:
    """A migrated database without rows, shared by the tests of one module."""
    name = f"module_{uuid.uuid4().hex}"
    await postgres_server.create_database(name, template=migrated_template)
    yield postgres_server.url(name)
    await postgres_server.drop_database(name)


@pytest.fixture
async def empty_database_url(postgres_server: PostgresUnderTest) -> AsyncIterator[str]:
    """A database without any schema, for tests of the migrations themselves."""
    name = f"empty_{uuid.uuid4().hex}"
    await postgres_server.create_database(name)
    yield postgres_server.url(name)
    await postgres_server.drop_database(name)


@pytest.fixture
async def fresh_topics(kafka_bootstrap: str) -> FreshTopics:
    """The topics of the contract, all empty."""
    await empty_topics(kafka_bootstrap, TEST_PARTITIONS)
    return FreshTopics(kafka_bootstrap, TEST_PARTITIONS)
