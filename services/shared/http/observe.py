"""The outermost layer of every app: the request's trace, its metric, and the end of the road for unexpected errors."""

import time
from collections.abc import Iterable
from typing import Final

import structlog
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from services.shared.http.problem import INTERNAL_ERROR, Problem
from services.shared.telemetry.metrics import HTTP_REQUEST_SECONDS
from services.shared.telemetry.tracing import current_trace_id, start_trace

log = structlog.stdlib.get_logger()

# What nginx logs for a client that went away before its answer; no client ever sees it.
CLIENT_CLOSED_REQUEST: Final = 499

# A client can send any word as a method, and each new value of a label is a time series for ever.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})


class Observe:
    """ASGI middleware: continues or starts the trace, observes time and status, turns an unexpected error into a 500."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        start_trace(_traceparent(scope["headers"]))
        started = time.perf_counter()
        status = 0  # until the answer begins

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting_status)
        except ClientDisconnect:
            status = CLIENT_CLOSED_REQUEST
        except Exception:
            log.exception("request failed", method=scope["method"], path=scope["path"])
            if status:
                raise  # half an answer is out: only breaking the connection tells the client
            problem = Problem(INTERNAL_ERROR, members={"trace_id": current_trace_id()})
            await problem.response()(scope, receive, send_noting_status)
        finally:
            _count(scope, status or INTERNAL_ERROR.status, time.perf_counter() - started)


def _count(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    route = getattr(scope.get("route"), "path", "unknown")
    HTTP_REQUEST_SECONDS.labels(method, route, status).observe(seconds)


def _traceparent(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name == b"traceparent":
            return value.decode("latin-1")
    return None
