"""The outermost layer of every app: the request's trace, its metric, and the end of the road for unexpected errors.

FastAPI's own spans are off (`create_app`): they hold the path, they know nothing of errors that are answered here, and without
a collector there would be no trace for the log lines and the events.
"""

import asyncio
import logging
import time
from collections.abc import Iterable
from typing import Final

import structlog
from opentelemetry.trace import Span, StatusCode
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ordercast.services.shared.http.problem import Problem, answer_to
from ordercast.services.shared.problem_types.every_service import INTERNAL_ERROR, UNAVAILABLE
from ordercast.services.shared.telemetry.logs import ACCESS_LOG
from ordercast.services.shared.telemetry.metrics import HTTP_REQUEST_SECONDS
from ordercast.services.shared.telemetry.tracing import current_trace_id, leave, make_current, start_request

log = structlog.stdlib.get_logger()
access_log = structlog.stdlib.get_logger(ACCESS_LOG)
_access_logger = logging.getLogger(ACCESS_LOG)

# What nginx logs for a client that went away before its answer; no client ever sees it.
CLIENT_CLOSED_REQUEST: Final = 499

# A client can send any word as a method, and each new value of a label is a time series for ever.
_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
# Asked every few seconds by machines: traces of them would hide those of people.
_NOT_TRACED: Final = frozenset({"/healthz", "/readyz", "/metrics"})

_STOPPING: Final = (
    "the service is stopping, and may have done what was asked: repeat it, with the same Idempotency-Key if it had one"
)


class Observe:
    """ASGI middleware: continues or starts the trace, observes time and status, turns an unexpected error into a 500
    and a stop into a 503."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        span = _start_span(scope)
        token = make_current(span)
        started = time.perf_counter()
        status = 0  # until the answer begins
        failure: str | None = None

        async def send_noting_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_noting_status)
        except ClientDisconnect:
            status = CLIENT_CLOSED_REQUEST
        except asyncio.CancelledError:
            if status or not _is_stopping(scope):
                raise
            # Its time to end has run out. Another process, or the next one, answers a repeat.
            await answer_to(scope, Problem(UNAVAILABLE, _STOPPING))(scope, receive, send_noting_status)
        except Exception as error:
            failure = type(error).__name__
            log.exception("request failed", method=scope["method"], path=scope["path"])
            if status:
                raise  # half an answer is out: only breaking the connection tells the client
            problem = Problem(INTERNAL_ERROR, members={"trace_id": current_trace_id()})
            await answer_to(scope, problem)(scope, receive, send_noting_status)
        finally:
            status = status or INTERNAL_ERROR.status
            seconds = time.perf_counter() - started
            _count(scope, status, seconds)
            if _access_logger.isEnabledFor(
                logging.DEBUG
            ):  # asked first: to build a line costs more than to leave it out
                access_log.debug(
                    "request",
                    method=scope["method"],
                    path=scope["path"],
                    status=status,
                    ms=round(1e3 * seconds, 1),
                    address=scope["client"][0] if scope.get("client") else None,
                )
            _end_span(span, scope, status, failure)
            leave(token)


def _is_stopping(scope: Scope) -> bool:
    """Whether the server is ending, which cancels the requests that still wait (`serve`)."""
    stopping: asyncio.Event | None = getattr(scope["app"].state, "stopping", None)
    return stopping is not None and stopping.is_set()


def _count(scope: Scope, status: int, seconds: float) -> None:
    method = scope["method"] if scope["method"] in _METHODS else "other"
    HTTP_REQUEST_SECONDS.labels(method, _route(scope) or "unknown", status).observe(seconds)


def _route(scope: Scope) -> str | None:
    route: str | None = getattr(scope.get("route"), "path", None)
    return route


def _start_span(scope: Scope) -> Span:
    method = scope["method"] if scope["method"] in _METHODS else "_OTHER"
    attributes = (
        None
        if scope["path"] in _NOT_TRACED
        else {"http.request.method": method, "url.scheme": scope.get("scheme", "http")}
    )
    return start_request(_span_name(method), _traceparent(scope["headers"]), attributes)


def _end_span(span: Span, scope: Scope, status: int, failure: str | None) -> None:
    """No path and no query in a span: they hold ids of accounts and products. The route says what was asked for."""
    if span.is_recording():
        span.set_attribute("http.response.status_code", status)
        if route := _route(scope):
            span.set_attribute("http.route", route)
            span.update_name(f"{_span_name(scope['method'])} {route}")
        if status >= INTERNAL_ERROR.status:
            span.set_attribute("error.type", failure or str(status))
            span.set_status(StatusCode.ERROR)
    span.end()


def _span_name(method: str) -> str:
    return method if method in _METHODS else "HTTP"


def _traceparent(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    for name, value in headers:
        if name == b"traceparent":
            return value.decode("latin-1")
    return None
