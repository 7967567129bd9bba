"""An app of this process on a port of its own: for programs that only speak HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any, Final

import uvicorn

from ordercast.services.shared.process.pause import pause

# Time (s) between two looks at whether connections have ended.
POLL_S: Final = 0.005


class _Server(uvicorn.Server):
    """One that stops as soon as it is asked to: uvicorn looks ten times a second, and pauses for a tenth in any case."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()
        self.leaving = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

    async def main_loop(self) -> None:
        while not self.leaving.is_set():
            await self.on_tick(0)
            await pause(self.leaving, 1)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for connection in list(self.server_state.connections):
            connection.shutdown()
        while self.server_state.connections or self.server_state.tasks:
            await asyncio.sleep(POLL_S)
        await self.lifespan.shutdown()

    def capture_signals(self) -> AbstractContextManager[Any]:  # type: ignore[override]
        return nullcontext()  # they are pytest's


@asynccontextmanager
async def on_a_port(app: Any) -> AsyncIterator[str]:
    """The address at which the app, whose lifespan is opened here, answers."""
    app.state.stopping = asyncio.Event()
    server = _Server(uvicorn.Config(app, port=0, lifespan="on", log_config=None, access_log=False, ws="none"))
    serving = asyncio.create_task(server.serve())
    try:
        ready = asyncio.create_task(server.ready.wait())
        await asyncio.wait({serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not server.started:
            ready.cancel()
            await serving
            raise RuntimeError("the app has not started")
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        app.state.stopping.set()
        server.leaving.set()
        await serving
