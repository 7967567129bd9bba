"""One child process: started in a session of its own, logged to a file, ended with all that it started."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ordercast.infra.local import launch
from ordercast.infra.local.errors import StartFailed

# Lines of a log that an error message repeats: enough for a traceback's end.
LOG_TAIL_LINES: Final = 15
# Bytes read from the end of a log to find those lines.
LOG_TAIL_BYTES: Final = 16_384


@dataclass(frozen=True, slots=True)
class Command:
    """A program, where it writes and how it wants to be stopped.

    `environment` is the whole environment of the process. `run_as` is "UID:GID" (see launch.py) or "-".
    """

    name: str
    arguments: tuple[str, ...]
    environment: Mapping[str, str]
    log: Path
    stop_signal: signal.Signals = signal.SIGTERM
    # What the kernel sends when the supervisor dies without a word.
    death_signal: signal.Signals = signal.SIGKILL
    # Time (s) to stop by itself before it is killed.
    stop_deadline_s: float = 10.0
    run_as: str = "-"


class Child:
    """A running process. Its process group has the same number as its pid."""

    def __init__(self, command: Command, process: asyncio.subprocess.Process) -> None:
        self.command = command
        self._process = process

    @classmethod
    async def start(cls, command: Command) -> "Child":
        """Starts the process with its output appended to the command's log."""
        launcher = (sys.executable, "-I", "-S", launch.__file__, str(os.getpid()), str(int(command.death_signal)))
        with command.log.open("ab") as log:
            process = await asyncio.create_subprocess_exec(
                *launcher,
                command.run_as,
                *command.arguments,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env=dict(command.environment),
                start_new_session=True,  # Ctrl-C goes to the supervisor alone, which stops all in order
            )
        return cls(command, process)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def wait(self) -> int:
        """The exit code (negative: the signal that ended it), after whatever it left behind is ended too."""
        code = await self._process.wait()
        self.kill()
        return code

    async def stop(self) -> int:
        """Asks it to stop, and kills it after its deadline, or at once when this call is cancelled."""
        with contextlib.suppress(ProcessLookupError):
            self._process.send_signal(self.command.stop_signal)
        try:
            async with asyncio.timeout(self.command.stop_deadline_s):
                return await self.wait()
        except (TimeoutError, asyncio.CancelledError) as reason:
            self.kill()
            code = await self.wait()
            if isinstance(reason, asyncio.CancelledError):
                raise
            return code

    def kill(self) -> None:
        """Kills the process and its whole group, without waiting."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # macOS: EPERM for a group of zombies
            os.killpg(self.pid, signal.SIGKILL)


async def run_once(command: Command, *, deadline_s: float) -> None:
    """Runs a command to its end.

    Raises:
        StartFailed: it answers with another code than 0, or not in time.
    """
    child = await Child.start(command)
    try:
        async with asyncio.timeout(deadline_s):
            code = await child.wait()
    except TimeoutError:
        raise StartFailed(f"{command.name} took longer than {deadline_s:.0f} s\n{log_tail(command.log)}") from None
    finally:
        child.kill()
    if code:
        raise StartFailed(f"{command.name} {describe_exit(code)}\n{log_tail(command.log)}")


def describe_exit(code: int) -> str:
    """An exit code as a person says it."""
    if code < 0:
        return f"was ended by {signal.Signals(-code).name}"
    return f"ended with exit code {code}"


def log_tail(log: Path) -> str:
    """The last lines of a log, indented, below its name."""
    if not log.exists():
        return f"  (no log at {log})"
    with log.open("rb") as file:
        file.seek(0, os.SEEK_END)
        file.seek(max(0, file.tell() - LOG_TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()[-LOG_TAIL_LINES:]
    return "\n".join([f"  last lines of {log}:", *(f"  | {line}" for line in lines)])
