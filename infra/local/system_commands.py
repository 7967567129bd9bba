"""What the control socket of a system is asked: to scale a service, to restart a process, to stop."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Annotated, Final, Protocol

from msgspec import Meta

from ordercast.errors import ActionableError
from ordercast.infra.local.control import Handler, Report
from ordercast.infra.local.processes import MOST_PROCESSES

STOPS: Final = "the system stops"


class ControlledSystem(Protocol):
    """A running system."""

    @property
    def urls(self) -> dict[str, str]: ...

    async def scale(self, service: str, count: int) -> None: ...

    async def restart(self, name: str) -> list[str]: ...


class SystemCommands:
    """The commands of one system. Whoever gave one is told everything that the system reports meanwhile.

    `stop` begins the end of the system, as Ctrl-C would.
    """

    def __init__(self, stop: Callable[[], object]) -> None:
        # None unless it runs: a system that starts or stops takes no commands but `stop`.
        self.system: ControlledSystem | None = None
        self.stopped = asyncio.Event()
        self._stop = stop
        # A second call of `stop` would kill what is being stopped in order.
        self._stopping = False
        self._in_flight: set[asyncio.Task[object]] = set()
        self._listeners: list[Report] = []

    @property
    def handlers(self) -> Mapping[str, Handler]:
        return {"scale": self._scale, "restart": self._restart, "stop": self._stop_all}

    def report(self, line: str) -> None:
        """Passes on what the system reports."""
        for listener in self._listeners:
            listener(line)

    async def end(self) -> None:
        """The system stops: takes no more commands, and ends those in flight, whose callers are told so."""
        self.system = None
        self._stopping = True
        for task in self._in_flight:
            task.cancel()
        if self._in_flight:
            await asyncio.wait(self._in_flight)

    async def _scale(
        self, progress: Report, *, service: str, count: Annotated[int, Meta(ge=1, le=MOST_PROCESSES)]
    ) -> dict[str, str]:
        """The URLs of all processes afterwards."""
        with self._heard_by(progress), self._ended_by_stop():
            system = self._running()
            try:
                await system.scale(service, count)
            except ValueError as error:
                raise ActionableError(str(error)) from error
            return system.urls

    async def _restart(self, progress: Report, *, name: str) -> list[str]:
        """The names of the processes that were restarted."""
        with self._heard_by(progress), self._ended_by_stop():
            return await self._running().restart(name)

    async def _stop_all(self, progress: Report) -> None:
        """Answers when everything has ended."""
        with self._heard_by(progress):
            if not self._stopping:
                self._stopping = True
                self._stop()
            await self.stopped.wait()

    def _running(self) -> ControlledSystem:
        if self._stopping:
            raise ActionableError(STOPS)
        if self.system is None:
            raise ActionableError("the system is starting", hint="ordercast status says when it runs")
        return self.system

    @contextmanager
    def _ended_by_stop(self) -> Iterator[None]:
        task = asyncio.current_task()
        assert task is not None, "in a coroutine"  # noqa: S101
        self._in_flight.add(task)
        try:
            yield
        except asyncio.CancelledError:
            raise ActionableError(STOPS) from None
        finally:
            self._in_flight.discard(task)

    @contextmanager
    def _heard_by(self, progress: Report) -> Iterator[None]:
        self._listeners.append(progress)
        try:
            yield
        finally:
            self._listeners.remove(progress)
