"""The pytest plugin. A project that wants it says so in its top conftest.py:

    pytest_plugins = ["ordercast.testing.plugin"]

It is no entry point, so that a test run in an environment with Ordercast in it loads nothing that it did not ask for.
"""

import logging
import os
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack
from typing import Final, cast

import pytest
import pytest_asyncio

from ordercast.testing.background import in_background
from ordercast.testing.blocking import BlockingOrdercast, open_blocking
from ordercast.testing.driver import Ordercast, open_ordercast
from ordercast.testing.start import NotStarted, open_system
from ordercast.testing.system import STACKS, StackName, SystemUnderTest

OPTION: Final = "--ordercast-stack"
INI: Final = "ordercast_stack"
VARIABLE: Final = "ORDERCAST_STACK"
WHAT: Final = (
    "who runs Ordercast for the tests: embedded (processes of this machine, the default) or containers (Docker)"
)

log = logging.getLogger("ordercast.testing")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.getgroup("ordercast").addoption(OPTION, choices=STACKS, help=f"{WHAT}; else {VARIABLE}, else {INI}")
    parser.addini(INI, WHAT, default="")


def pytest_configure(config: pytest.Config) -> None:
    chosen_stack(config)  # a wrong name is told before anything starts


def pytest_report_header(config: pytest.Config) -> str:
    return f"ordercast: {chosen_stack(config)}"


def chosen_stack(config: pytest.Config) -> StackName:
    """What the command line says, else the environment, else the configuration file."""
    stack = config.getoption(OPTION) or os.environ.get(VARIABLE) or config.getini(INI) or "embedded"
    if stack not in STACKS:
        raise pytest.UsageError(f"there is no Ordercast stack {stack!r}; known are {' and '.join(STACKS)}")
    return cast("StackName", stack)


@pytest.fixture(scope="session")
def ordercast_stack(pytestconfig: pytest.Config) -> StackName:
    """Who runs Ordercast; define it in a conftest.py to choose in code."""
    return chosen_stack(pytestconfig)


@pytest.fixture(scope="session")
def ordercast_system(ordercast_stack: StackName, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SystemUnderTest]:
    """One running Ordercast for the whole run: started for the first test that asks for it, stopped after the last one."""
    folder = tmp_path_factory.mktemp("ordercast")
    with ExitStack() as stack:
        try:
            background = stack.enter_context(
                in_background(lambda: open_system(ordercast_stack, folder, report=log.info))
            )
        except NotStarted as error:
            hint = f" ({error.hint})" if error.hint else ""
            raise pytest.fail.Exception(f"Ordercast does not start: {error}{hint}", pytrace=False) from None
        yield background.value


@pytest_asyncio.fixture
async def ordercast(ordercast_system: SystemUnderTest) -> AsyncIterator[Ordercast]:
    """The running Ordercast, with clients of this test's own."""
    async with open_ordercast(ordercast_system) as opened:
        yield opened


@pytest.fixture
def ordercast_blocking(ordercast_system: SystemUnderTest) -> Iterator[BlockingOrdercast]:
    """The same for a test without asyncio."""
    with open_blocking(ordercast_system) as opened:
        yield opened
