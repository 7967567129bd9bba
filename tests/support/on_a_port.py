"""An app of this process on a port of its own: for programs that only speak HTTP."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any

import uvicorn


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()

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
        server.should_exit = True
        await serving
