"""An app of this process on a port of its own: for programs that only speak HTTP."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractContextManager, asynccontextmanager, nullcontext
from typing import Any

import uvicorn

POLL_S = 0.01


class _Server(uvicorn.Server):
    def capture_signals(self) -> AbstractContextManager[Any]:  # type: ignore[override]
        return nullcontext()  # they are pytest's


@asynccontextmanager
async def on_a_port(app: Any) -> AsyncIterator[str]:
    """The address at which the app, whose lifespan is opened here, answers."""
    app.state.stopping = asyncio.Event()
    server = _Server(uvicorn.Config(app, port=0, lifespan="on", log_config=None, access_log=False, ws="none"))
    serving = asyncio.create_task(server.serve())
    try:
        while not server.started:
            if serving.done():
                serving.result()
                raise RuntimeError("the app has not started")
            await asyncio.sleep(POLL_S)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        app.state.stopping.set()
        server.should_exit = True
        await serving
