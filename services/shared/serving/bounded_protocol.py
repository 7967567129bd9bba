"""HTTP/1.1 of one connection: uvicorn's, with bounds on what a peer can make the process hold.

uvicorn has none for httptools: neither it nor httptools ends a header or a URL that never ends (Kludex/uvicorn#157).
"""

import asyncio
import json
from typing import Any, Final

import httptools
import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from ordercast.services.shared.http.problem import (
    HEADERS_TOO_LARGE,
    MALFORMED_REQUEST,
    PROBLEM_JSON,
    URL_TOO_LONG,
    Problem,
    ProblemType,
)
from ordercast.services.shared.telemetry.metrics import HTTP_REFUSED

log = structlog.stdlib.get_logger()

# Request line and headers together (bytes): what nginx and Apache allow at most, and far above any real request.
MAX_HEAD_BYTES: Final = 65_536
# A header of four bytes takes 150 in memory, so many small ones have to be limited by their number.
MAX_HEADERS: Final = 200
# Parsed at once (bytes). The socket is read in pieces of 256 KiB: the head may exceed its limit by two of
# these, not by that.
_PIECE_BYTES: Final = 16_384
# Requests that wait behind the one that is answered. Browsers and libraries send the next one after the answer.
MAX_PIPELINED: Final = 100
# A connection that is closed while its peer still sends is reset, and the answer may be lost. So after a refusal this much
# is read and dropped first: bytes, and seconds.
_LINGER_BYTES: Final = 8 * 1_048_576
_LINGER_S: Final = 2.0


class _Refused(Exception):
    """Comes out of a callback of the parser."""

    def __init__(self, kind: ProblemType, detail: str) -> None:
        super().__init__(detail)
        self.problem = Problem(kind, detail)


class BoundedProtocol(HttpToolsProtocol):
    """As uvicorn's, and refuses what is too large, with a problem, a log line and a count of `ordercast_http_refused_total`.

    What a parser holds of a head, or of trailers, is counted in bytes as they arrive: httptools tells of a header only when
    it has all of it.
    """

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._in_head = True  # as opposed to a body or its trailers
        self._held = 0  # bytes since the parser last gave something
        self._refused = False
        self._lingered = 0

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._drop(data)
            return
        self._unset_keepalive_if_required()
        for start in range(0, len(data), _PIECE_BYTES):
            piece = data if len(data) <= _PIECE_BYTES else data[start : start + _PIECE_BYTES]
            self._held += len(piece)
            try:
                self.parser.feed_data(piece)
                self._bound()
            except httptools.HttpParserUpgrade:
                return  # to nothing that is offered here: the request is answered as any other
            except httptools.HttpParserError as error:
                self.refuse(_problem_of(error))
                return
            except _Refused as refused:
                self.refuse(refused.problem)
                return

    def _bound(self) -> None:
        if self._held > MAX_HEAD_BYTES:
            raise _too_large(URL_TOO_LONG if len(self.url) > MAX_HEAD_BYTES // 2 else HEADERS_TOO_LARGE)
        if len(self.pipeline) > MAX_PIPELINED:
            raise _Refused(MALFORMED_REQUEST, f"at most {MAX_PIPELINED} requests may wait for an answer")

    # The parser's callbacks.
    def on_message_begin(self) -> None:
        self._held = 0
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # a trailer: nothing here reads any, and one must not look like a header
        if len(self.headers) >= MAX_HEADERS:
            raise _Refused(HEADERS_TOO_LARGE, f"at most {MAX_HEADERS} headers are accepted here")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._in_head = False
        self._held = 0
        # RFC 9112, 3.2. A proxy and a server that choose different ones see different requests.
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise _Refused(MALFORMED_REQUEST, f"a request has one Host header, this one {hosts}")
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        self._held = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._in_head = True  # of the next one
        self._held = 0
        super().on_message_complete()

    def refuse(self, problem: Problem) -> None:
        """Answers and ends the connection; only ends it where an answer would stand in that of another request."""
        HTTP_REFUSED.labels(problem.type.slug).inc()
        log.warning("a connection is refused", cause=problem.type.slug, detail=problem.detail)
        self._refused = True
        if self.cycle is not None and not self.cycle.response_complete:
            if self._in_head or self.pipeline or self.cycle.response_started:
                self.transport.close()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(_answer(problem, self.server_state.default_headers))
        self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.close)

    def _drop(self, data: bytes) -> None:
        self._lingered += len(data)
        if self._lingered > _LINGER_BYTES:
            self.transport.close()


def _too_large(kind: ProblemType) -> _Refused:
    return _Refused(kind, f"at most {MAX_HEAD_BYTES} bytes of request line and headers are accepted here")


def _problem_of(error: httptools.HttpParserError) -> Problem:
    if isinstance(error.__context__, _Refused):
        return error.__context__.problem
    return Problem(MALFORMED_REQUEST, "this is no request of HTTP/1.1")


def _answer(problem: Problem, headers: list[tuple[bytes, bytes]]) -> bytes:
    body = json.dumps(problem.body()).encode()
    own = [
        (b"content-type", PROBLEM_JSON.encode()),
        (b"content-length", str(len(body)).encode()),
        (b"connection", b"close"),
    ]
    lines = b"".join(b"%s: %s\r\n" % header for header in [*headers, *own])
    return STATUS_LINE[problem.type.status] + lines + b"\r\n" + body
