"""Keeps programs alive: starts them, waits until they are healthy, starts again what dies, and stops them in order."""

import asyncio
import os
import signal
from collections.abc import Callable, Iterable
from typing import Final

from ordercast.first_line import first_line
from ordercast.infra.local.child import Child, describe_exit, log_tail
from ordercast.infra.local.errors import StartFailed
from ordercast.infra.local.processes import Program
from ordercast.infra.local.together import together
from ordercast.services.shared.process.pause import pause

# Time (s) from start to the first good answer. Seconds are the rule (TensorFlow is not imported by then); a machine that
# does much else at the time has been seen to take 40.
START_DEADLINE_S: Final = 120.0
# Deaths before the first good answer that are put down to bad luck; one more is an error.
EARLY_DEATHS: Final = 2
# Pause (s) before the next start: doubles with each death, forgotten after a life of STABLE_S.
FIRST_PAUSE_S: Final = 0.25
LONGEST_PAUSE_S: Final = 10.0
STABLE_S: Final = 30.0
# Stands for the exit code of a process that never was; what a shell says too.
EXIT_NOT_STARTED: Final = 127
# Time (s) between two questions to a program that has not answered yet.
POLL_S: Final = 0.05

Report = Callable[[str], None]


class Supervisor:
    """All programs of a system. `report` gets a line for each event, `changed` a call for each new or lost process."""

    def __init__(self, report: Report, changed: Callable[[], None] = lambda: None) -> None:
        self._report = report
        self._changed = changed
        self._watched: dict[str, _Watched] = {}

    async def start(self, programs: Iterable[Program]) -> None:
        """Starts the programs together and returns when all are healthy. Raises StartFailed."""
        new = [_Watched(program, self._report, self._changed) for program in programs]
        for watched in new:
            self._watched[watched.program.name] = watched
        await together(watched.start() for watched in new)

    async def stop(self, order: Iterable[Iterable[str]]) -> None:
        """Stops the programs group by group; each group ends before the next one is asked. Cancelled, it kills all."""
        try:
            for names in order:
                present = [self._watched[name] for name in names if name in self._watched]
                await together(watched.stop() for watched in present)
        finally:
            self.give_up()

    def give_up(self) -> None:
        """Kills all that still runs, without waiting."""
        for watched in self._watched.values():
            watched.give_up()

    async def remove(self, names: Iterable[str]) -> None:
        """Stops programs together, and forgets them."""
        await together(self._watched[name].stop() for name in names)
        for name in names:
            del self._watched[name]
        self._changed()

    async def restart(self, name: str) -> None:
        """Stops a program in order and starts it again at once; returns when it is healthy. Raises StartFailed."""
        await self._watched[name].restart()

    def kill(self, name: str) -> int:
        """Sends SIGKILL to a program and returns the pid it had. It is started again like after any death."""
        return self.signal(name, signal.SIGKILL)

    def signal(self, name: str, number: signal.Signals) -> int:
        """Sends a signal to a program and returns its pid. Raises KeyError between two lives of it."""
        pid = self.pids()[name]
        if number == signal.SIGKILL:
            self._watched[name].kill()
        else:
            os.kill(pid, number)
        return pid

    async def until_healthy(self, name: str) -> None:
        """Waits until the program answers; a program that was killed counts as unhealthy at once."""
        await self._watched[name].healthy.wait()

    def names(self) -> set[str]:
        """What is kept alive, whether it runs now or is between two lives."""
        return set(self._watched)

    def pids(self) -> dict[str, int]:
        """The pids of what runs now."""
        return {name: watched.child.pid for name, watched in self._watched.items() if watched.child}

    def restarts(self, name: str) -> int:
        """How often the program was started again."""
        return self._watched[name].restarts


class _Watched:
    """One program and the task that keeps it alive."""

    def __init__(self, program: Program, report: Report, changed: Callable[[], None]) -> None:
        self.program = program
        self.child: Child | None = None
        self.healthy = asyncio.Event()
        self.restarts = 0
        self._report = report
        self._changed = changed
        self._stopping = asyncio.Event()
        # Set while a life is ended because somebody asked for another one.
        self._restarting = False
        # Set once, when the program is healthy for the first time or is given up.
        self._decided = asyncio.Event()
        self._failure: StartFailed | None = None
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Returns when the program is healthy for the first time. Raises StartFailed."""
        self._task = asyncio.create_task(self._keep_alive(), name=f"keep {self.program.name} alive")
        try:
            await asyncio.wait_for(self._decided.wait(), START_DEADLINE_S)
        except TimeoutError:
            raise self._start_failed(f"is not healthy after {START_DEADLINE_S:.0f} s") from None
        if self._failure:
            raise self._failure

    async def stop(self) -> None:
        self._stopping.set()
        if self.child is not None:
            await self.child.stop()
        if self._task is not None:
            await self._task

    async def restart(self) -> None:
        """Returns when the next life is healthy. Raises StartFailed."""
        if (last := self.child) is not None:
            self._restarting = True
            await last.stop()
        try:
            async with asyncio.timeout(START_DEADLINE_S):
                while self.child is last:
                    await asyncio.sleep(POLL_S)
                await self.healthy.wait()
        except TimeoutError:
            raise self._start_failed(f"is not healthy after {START_DEADLINE_S:.0f} s") from None

    def kill(self) -> None:
        self.healthy.clear()
        if self.child is not None:
            self.child.kill()

    def give_up(self) -> None:
        """Ends it without waiting, if it still runs."""
        self._stopping.set()
        self.kill()

    async def _keep_alive(self) -> None:
        deaths = 0
        clock = asyncio.get_running_loop().time
        while not self._stopping.is_set():
            started = clock()
            code = await self._live_once()
            if self._stopping.is_set():
                return
            if self._restarting:
                self._restarting, deaths = False, 0
                self.restarts += 1
                continue
            deaths = 1 if clock() - started > STABLE_S else deaths + 1
            if deaths > EARLY_DEATHS and not self._decided.is_set():
                self._failure = self._start_failed(describe_exit(code))
                self._decided.set()
                return
            pause_s = min(FIRST_PAUSE_S * 2 ** (deaths - 1), LONGEST_PAUSE_S)
            self._report(f"{self.program.name} {describe_exit(code)}; next start in {pause_s:g} s")
            await pause(self._stopping, pause_s)
            self.restarts += 1

    async def _live_once(self) -> int:
        """One life of the program; its exit code."""
        try:
            self.child = await Child.start(self.program.command)
        except OSError as error:  # no memory, no file handles, no log: like a death, this may pass
            self._report(f"{self.program.name} cannot be started: {first_line(error)}")
            return EXIT_NOT_STARTED
        self._changed()
        asking = asyncio.create_task(self._ask_until_healthy())
        try:
            if self._stopping.is_set():  # it was asked to stop between two lives
                await self.child.stop()
            return await self.child.wait()
        finally:
            asking.cancel()
            self.healthy.clear()
            self.child = None
            self._changed()

    async def _ask_until_healthy(self) -> None:
        while not await self.program.healthy():
            await asyncio.sleep(POLL_S)
        self.healthy.set()
        self._decided.set()
        self._report(f"{self.program.name} is healthy" + (" again" if self.restarts else ""))

    def _start_failed(self, what: str) -> StartFailed:
        return StartFailed(f"{self.program.name} {what}\n{log_tail(self.program.command.log)}")
