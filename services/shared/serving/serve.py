"""Runs an app until SIGTERM or SIGINT, then stops it in order: requests first, what they use afterwards."""

import asyncio
import gc
import signal
import socket
from contextlib import ExitStack
from types import FrameType
from typing import Final

import structlog
import uvicorn
from fastapi import FastAPI

from ordercast.services.shared.http.operations_port import OperationsPort
from ordercast.services.shared.process.errors import CannotStart
from ordercast.services.shared.serving.bounded_protocol import BoundedProtocol
from ordercast.services.shared.serving.connections import ConnectionLimits, Connections, within_descriptors

log = structlog.stdlib.get_logger()

# Requests in flight get this long (s) to end. An open event stream would hold the process up for ever.
SHUTDOWN_GRACE_S: Final = 3
# New objects between two collections of the youngest: a few hundred waiting requests' worth, looked through within 2 ms.
GARBAGE_THRESHOLD: Final = 20_000
# uvicorn's own.
_TICKS_PER_S: Final = 10


def serve(
    app: FastAPI,
    *,
    host: str,
    port: int,
    operations_port: int | None = None,
    limits: ConnectionLimits = ConnectionLimits(),  # noqa: B008
) -> None:
    """Serves the app; returns after a clean stop. Port 0 takes a free one, named in the log. See `OperationsPort` for the other.

    `app.state.stopping` (asyncio.Event) is set as soon as the process is asked to stop, for streams to end by themselves.

    Raises:
        CannotStart: a port is taken, or the wiring says so.
    """
    listeners = [_listen(host, port)]
    if operations_port is not None:
        listeners.append(_listen(host, operations_port))
    config = uvicorn.Config(
        app if operations_port is None else OperationsPort(app, operations_port),
        loop="uvloop",
        http=BoundedProtocol,
        ws="none",
        # `_run` opens the wiring itself, so that its errors arrive here and not as a traceback in the log.
        lifespan="off",
        log_config=None,
        log_level="warning",
        access_log=False,  # `Observe` has one, at the level debug: a line for each costs more than many of them
        server_header=False,
        # A browser must not read JSON, or what a client has brought into it, as anything else.
        headers=[("x-content-type-options", "nosniff")],
        proxy_headers=False,  # nothing here looks at the client's address
        timeout_graceful_shutdown=SHUTDOWN_GRACE_S,
        timeout_keep_alive=limits.idle_s,
    )
    connections = Connections(within_descriptors(limits))
    with ExitStack() as open_listeners, asyncio.Runner(loop_factory=config.get_loop_factory()) as runner:
        for listener in listeners:
            open_listeners.enter_context(listener)
        runner.run(_run(app, config, connections, listeners))


async def _run(app: FastAPI, config: uvicorn.Config, connections: Connections, listeners: list[socket.socket]) -> None:
    app.state.stopping = asyncio.Event()
    async with app.router.lifespan_context(app):
        _collect_less_garbage()
        await _Server(config, connections, app.state.stopping).serve(sockets=listeners)
    log.info("stopped")


def _collect_less_garbage() -> None:
    """Leaves what was loaded at the start out of all later collections.

    Requests that wait together hold more objects than the default threshold, so each wave of them starts collections, and a
    full one looks through all of the imported libraries: 0.2 s in which nobody is answered, several times a second.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(GARBAGE_THRESHOLD)


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, connections: Connections, stopping: asyncio.Event) -> None:
        super().__init__(config)
        self.server_state = self._connections = connections
        self._stopping = stopping
        self._loop = asyncio.get_running_loop()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        # Only here: before it, connections would be refused, and whoever reads the line may come at once.
        for listener in sockets or ():
            host, port, *_ = listener.getsockname()
            log.info("listening", address=f"http://{host}:{port}")

    async def on_tick(self, counter: int) -> bool:
        if counter % _TICKS_PER_S == 0:
            self._connections.tick()
        return await super().on_tick(counter)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        # Not handed on: uvicorn would raise the signal again after its stop, and end us before the wiring is closed.
        self.force_exit = self.should_exit and sig == signal.SIGINT
        self.should_exit = True
        self._loop.call_soon_threadsafe(self._stopping.set)


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise CannotStart(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
    return listener
