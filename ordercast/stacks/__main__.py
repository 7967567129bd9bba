"""`python -P -m ordercast.stacks STACK FOLDER PARTITIONS`: a whole system for as long as standard input is open.

`ordercast/testing/start.py` starts it, and has the lines that it writes to standard output.
"""

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, Final

import msgspec

from ordercast.errors import ActionableError
from ordercast.first_line import first_line
from ordercast.infra.local.control import Handler, control_socket
from ordercast.stacks.made import MadeSystem, Report
from ordercast.testing.start import Failed, Line, Ready, Reported
from ordercast.testing.system import StackName, SystemUnderTest

Send = Callable[[Line], None]
# Nothing is expected on standard input; whatever comes is dropped by so much at a time.
READ_BYTES: Final = 4_096


def open_stack(
    stack: StackName, folder: Path, *, partitions: int, report: Report
) -> AbstractAsyncContextManager[MadeSystem]:
    """The system, for as long as the block runs.

    Raises:
        ActionableError: it does not start.
        ModuleNotFoundError: its maker's packages are not installed.
    """
    # Each maker is imported when it is chosen: the other one's packages may be missing.
    if stack == "embedded":
        from ordercast.stacks.embedded import embedded_system

        return embedded_system(folder, partitions=partitions, report=report)
    from ordercast.stacks.containers import container_system

    return container_system(partitions=partitions, report=report)


async def run(stack: StackName, folder: Path, partitions: int, send: Send) -> None:
    """Runs the system until standard input ends, or SIGTERM comes."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task is not None, "in a coroutine"  # noqa: S101
    loop.add_signal_handler(signal.SIGTERM, task.cancel)
    threading.Thread(target=cancel_at_the_end, args=(sys.stdin.fileno(), loop, task), daemon=True).start()

    def report(line: str) -> None:
        send(Reported(line))

    async with (
        open_stack(stack, folder, partitions=partitions, report=report) as system,
        control_socket(folder, _handlers(system), report) as control,
    ):
        where = (system.addresses, system.database_url, system.kafka_bootstrap, partitions, system.admin, str(control))
        send(Ready(SystemUnderTest(stack, *where)))
        await asyncio.Event().wait()


def _handlers(system: MadeSystem) -> dict[str, Handler]:
    async def log(_progress: Report, *, name: str) -> str:
        try:
            return await asyncio.to_thread(system.log, name)
        except KeyError:
            raise ActionableError(f"there is no process {name!r}") from None

    async def copy_artifacts(_progress: Report, *, target: str) -> None:
        try:
            await asyncio.to_thread(system.copy_artifacts, Path(target))
        except OSError as error:
            raise ActionableError(f"the artifacts cannot be copied: {first_line(error)}") from error

    return {"log": log, "copy_artifacts": copy_artifacts}


def cancel_at_the_end(of: int, loop: asyncio.AbstractEventLoop, task: "asyncio.Task[Any]") -> None:
    """Reads a file descriptor to its end, then cancels the task."""
    # Not through sys.stdin: Python aborts if it has to end while a thread holds that one's lock.
    while os.read(of, READ_BYTES):
        pass
    with contextlib.suppress(RuntimeError):  # the loop is closed: the system has ended by itself
        loop.call_soon_threadsafe(task.cancel)


def main() -> None:
    # Whatever else is written to standard output, by libraries or child processes, goes to standard error.
    lines = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def send(line: Line) -> None:
        try:
            lines.write(msgspec.json.encode(line) + b"\n")
            lines.flush()
        except BrokenPipeError:  # the tests were killed; their system is still stopped in order
            return

    stack, folder, partitions = sys.argv[1:]
    try:
        asyncio.run(run(stack, Path(folder), int(partitions), send))  # type: ignore[arg-type]
    except ActionableError as error:
        send(Failed(str(error), error.hint))
        sys.exit(1)
    except ModuleNotFoundError as error:
        extra = "testing,system" if stack == "embedded" else "testing"
        send(Failed(f"{error.name} is not installed", f'pip install "ordercast[{extra}]"'))
        sys.exit(1)
    except asyncio.CancelledError:
        return


if __name__ == "__main__":
    main()
