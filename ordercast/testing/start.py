"""Starts a system as a process of its own, `python -P -m ordercast.stacks`, so that none of its code runs in the tests' process.

That process writes lines of JSON to its standard output: what it is doing, then where the system listens, or why it does not
start. It stops everything when its standard input ends, which also happens when the tests are killed.
"""

import asyncio
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import msgspec

from ordercast.errors import ActionableError
from ordercast.testing.environment import child_environment
from ordercast.testing.system import StackName, SystemUnderTest

MODULE: Final = "ordercast.stacks"
# Enough to tell partitions apart, few enough to start quickly.
PARTITIONS: Final = 4
# What the process says beside its lines of JSON, such as a traceback.
LOG: Final = "stack.log"
LOG_LINES: Final = 15
# The longest line (bytes) that it may write.
LINE_LIMIT: Final = 2**20

Report = Callable[[str], None]


class Reported(msgspec.Struct, frozen=True, tag=True):
    """What is being done."""

    line: str


class Ready(msgspec.Struct, frozen=True, tag=True):
    """The system is healthy."""

    system: SystemUnderTest


class Failed(msgspec.Struct, frozen=True, tag=True):
    """It does not start."""

    message: str
    hint: str


Line = Reported | Ready | Failed


class NotStarted(ActionableError):
    """The system does not start. The message says why, and `hint` how to fix it."""


@asynccontextmanager
async def open_system(
    stack: StackName, folder: Path, *, partitions: int = PARTITIONS, report: Report = lambda _: None
) -> AsyncIterator[SystemUnderTest]:
    """Starts a whole system for as long as the block runs. `folder` is an empty one, for its data and logs.

    Raises:
        NotStarted: it does not start.
    """
    folder = folder.absolute()  # noqa: ASYNC240 - no IO; the tests may change their working folder meanwhile
    with (folder / LOG).open("w") as log:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", MODULE, stack, str(folder), str(partitions)),
            stdin=PIPE,
            stdout=PIPE,
            stderr=log,
            env=child_environment(),
            limit=LINE_LIMIT,
            start_new_session=True,  # Ctrl-C goes to the tests alone
        )
    try:
        yield await _ready(process, folder / LOG, report)
    finally:
        await _ended(process, report)


async def _ready(process: Process, log: Path, report: Report) -> SystemUnderTest:
    assert process.stdout is not None, "it is a pipe"  # noqa: S101
    async for line in process.stdout:
        match msgspec.json.decode(line, type=Line):
            case Reported(what):
                report(what)
            case Ready(system):
                return system
            case Failed(message, hint):
                raise NotStarted(message, hint)
    raise NotStarted(f"{MODULE} ended with code {await process.wait()}\n{_tail(log)}")


def _tail(log: Path) -> str:
    return "\n".join(log.read_text(errors="replace").splitlines()[-LOG_LINES:])


async def _ended(process: Process, report: Report) -> None:
    assert process.stdin is not None, "it is a pipe"  # noqa: S101
    process.stdin.close()
    assert process.stdout is not None, "it is a pipe"  # noqa: S101
    async for line in process.stdout:
        match msgspec.json.decode(line, type=Line):
            case Reported(what):
                report(what)
    await process.wait()
