"""What the control socket of a system is asked: to scale a service, to restart a process, to stop."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from ordercast.errors import ActionableError
from ordercast.infra.local.control import Handler, Report


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
        self._listeners: list[Report] = []

    @property
    def handlers(self) -> Mapping[str, Handler]:
        return {"scale": self._scale, "restart": self._restart, "stop": self._stop_all}

    def report(self, line: str) -> None:
        """Passes on what the system reports."""
        for listener in self._listeners:
            listener(line)

    async def _scale(self, progress: Report, *, service: str, count: int) -> dict[str, str]:
        """The URLs of all processes afterwards."""
        with self._heard_by(progress):
            system = self._running()
            try:
                await system.scale(service, count)
            except ValueError as error:
                raise ActionableError(str(error)) from error
            return system.urls

    async def _restart(self, progress: Report, *, name: str) -> list[str]:
        """The names of the processes that were restarted."""
        with self._heard_by(progress):
            return await self._running().restart(name)

    async def _stop_all(self, progress: Report) -> None:
        """Answers when everything has ended."""
        with self._heard_by(progress):
            self._stop()
            await self.stopped.wait()

    def _running(self) -> ControlledSystem:
        if self.system is None:
            raise ActionableError("the system is starting or stopping", hint="ordercast status says when it runs")
        return self.system

    @contextmanager
    def _heard_by(self, progress: Report) -> Iterator[None]:
        self._listeners.append(progress)
        try:
            yield
        finally:
            self._listeners.remove(progress)
