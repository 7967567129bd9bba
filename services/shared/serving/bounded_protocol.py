"""HTTP/1.1 of one connection: uvicorn's, with bounds on what a peer can make the process hold.

uvicorn has none for httptools: neither it nor httptools ends a header or a URL that never ends (Kludex/uvicorn#157).
"""

import asyncio
import json
from enum import Enum, auto
from typing import Any, Final, cast

import httptools
import structlog
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from ordercast.services.shared.http.problem import PROBLEM_JSON, Problem
from ordercast.services.shared.problem_types.every_service import (
    HEADERS_TOO_LARGE,
    MALFORMED_REQUEST,
    REQUEST_TIMEOUT,
    URL_TOO_LONG,
)
from ordercast.services.shared.problem_types.problem_type import ProblemType
from ordercast.services.shared.serving.connections import Connections
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
# A body that comes more slowly than this (bytes a second) keeps a connection, and what is in memory for it, for nothing.
_SLOWEST_BODY: Final = 1_024


class _Awaited(Enum):
    """What the peer has to send next."""

    HEAD = auto()
    BODY = auto()
    NOTHING = auto()  # a request is whole; the next one may come when its sender likes


class _Refused(Exception):
    """Comes out of a callback of the parser."""

    def __init__(self, kind: ProblemType, detail: str) -> None:
        super().__init__(detail)
        self.problem = Problem(kind, detail)


class _UntilItCloses:
    """A transport that takes what comes after its end in silence.

    Between a connection's end and the moment in which its protocol hears of it, uvloop raises a RuntimeError at whoever still
    writes: a traceback for each client that leaves.
    """

    def __init__(self, transport: asyncio.Transport) -> None:
        self._transport = transport

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    def write(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)

    def write_eof(self) -> None:
        if not self._transport.is_closing():
            self._transport.write_eof()

    def pause_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.pause_reading()

    def resume_reading(self) -> None:
        if not self._transport.is_closing():
            self._transport.resume_reading()


class BoundedProtocol(HttpToolsProtocol):
    """As uvicorn's, and refuses what is too large, too late or too many: with a problem, a log line and a count of
    `ordercast_http_refused_total`.

    What a parser holds of a head, or of trailers, is counted in bytes as they arrive: httptools tells of a header only when
    it has all of it. Time is counted in ticks of a second (`Connections.tick`).
    """

    server_state: Connections

    def __init__(
        self,
        config: Config,
        server_state: Connections,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        self._admitted = False
        self._awaited = _Awaited.HEAD
        self._waited = 0  # ticks
        self._came = 0  # bytes of a body in these ticks
        self._kept_waiting = False  # whether it was ourselves who stopped reading in these ticks
        self._unsent = 0  # bytes of an answer at the last tick
        self._unread = 0  # ticks in which the peer has taken none of them
        self._held = 0  # bytes since the parser last gave something
        self._refused = False
        self._lingered = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(cast("asyncio.Transport", _UntilItCloses(transport)))
        if problem := self.server_state.admit(self._address):
            # Not read on, as in `refuse`: that would keep the descriptors that are to be spared.
            self._refused = True
            _tell(problem)
            transport.write(_answer(problem, self.server_state.default_headers))
            transport.close()
        else:
            self._admitted = True

    def connection_lost(self, exc: Exception | None) -> None:
        if self._admitted:
            self.server_state.forget(self._address)
        super().connection_lost(exc)

    @property
    def _address(self) -> str:
        return self.client[0] if self.client else ""

    def data_received(self, data: bytes) -> None:
        if self._refused:
            self._drop(data)
            return
        self._unset_keepalive_if_required()
        if self._awaited is _Awaited.NOTHING:
            self._await(_Awaited.HEAD)
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

    def _await(self, what: _Awaited) -> None:
        self._awaited = what
        self._waited = self._came = 0
        self._kept_waiting = False

    def tick(self) -> None:
        """A second has passed."""
        limits = self.server_state.limits
        self._tick_of_answer(limits.stall_s)
        if self.transport.is_closing():
            return
        self._waited += 1
        if self.flow.read_paused or (self.cycle is not None and self.cycle.waiting_for_100_continue):
            self._kept_waiting = True
        if self._awaited is _Awaited.HEAD and self._waited > limits.head_s:
            if self._kept_waiting:
                self._await(_Awaited.HEAD)
            elif self._held:
                self.refuse(Problem(REQUEST_TIMEOUT, f"a request's headers have to be whole within {limits.head_s} s"))
            else:
                self.transport.close()  # it has said nothing yet
        elif self._awaited is _Awaited.BODY and self._waited > limits.stall_s:
            if self._kept_waiting or self._came >= _SLOWEST_BODY * limits.stall_s:
                self._await(_Awaited.BODY)
            else:
                detail = f"less than {_SLOWEST_BODY} bytes a second of a body came for {limits.stall_s} s"
                self.refuse(Problem(REQUEST_TIMEOUT, detail))

    def _tick_of_answer(self, stall_s: int) -> None:
        unsent = self.transport.get_write_buffer_size()
        self._unread = self._unread + 1 if unsent and unsent == self._unsent else 0
        self._unsent = unsent
        if self._unread > stall_s:
            HTTP_REFUSED.labels("unread-answer").inc()
            log.warning("a connection is ended", cause="its peer does not read the answer", unsent_bytes=unsent)
            self.transport.abort()

    # The parser's callbacks.
    def on_message_begin(self) -> None:
        self._await(_Awaited.HEAD)
        self._held = 1  # at least
        super().on_message_begin()

    def on_header(self, name: bytes, value: bytes) -> None:
        if self._awaited is not _Awaited.HEAD:
            return  # a trailer: nothing here reads any, and one must not look like a header
        if len(self.headers) >= MAX_HEADERS:
            raise _Refused(HEADERS_TOO_LARGE, f"at most {MAX_HEADERS} headers are accepted here")
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        self._held = 0
        # RFC 9112, 3.2. A proxy and a server that choose different ones see different requests.
        hosts = sum(name == b"host" for name, _ in self.headers)
        if hosts > 1 or (hosts == 0 and self.parser.get_http_version() == "1.1"):
            raise _Refused(MALFORMED_REQUEST, f"a request has one Host header, this one {hosts}")
        super().on_headers_complete()
        self._await(_Awaited.BODY)

    def on_body(self, body: bytes) -> None:
        self._held = 0
        self._came += len(body)
        super().on_body(body)
        self._kept_waiting |= self.flow.read_paused

    def on_message_complete(self) -> None:
        self._await(_Awaited.NOTHING)
        self._held = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if self._awaited is _Awaited.BODY and self.cycle.response_complete and not self.transport.is_closing():
            self._end()  # the rest of the body is of no use to anybody

    def refuse(self, problem: Problem) -> None:
        """Answers and ends the connection; only ends it where an answer would stand in that of another request."""
        _tell(problem)
        if self.cycle is not None and not self.cycle.response_complete:
            if self._awaited is not _Awaited.BODY or self.pipeline or self.cycle.response_started:
                self._refused = True
                self.transport.close()
                return
            self.cycle.disconnected = True
            self.cycle.message_event.set()
        self.transport.write(_answer(problem, self.server_state.default_headers))
        self._end()

    def _end(self) -> None:
        """Says that nothing more will come, and closes once the peer has had the time to hear it."""
        self._refused = True
        self._awaited = _Awaited.NOTHING
        self._unset_keepalive_if_required()
        self.flow.resume_reading()
        self.transport.write_eof()
        self.loop.call_later(_LINGER_S, self.transport.close)

    def _drop(self, data: bytes) -> None:
        self._lingered += len(data)
        if self._lingered > _LINGER_BYTES:
            self.transport.close()


def _tell(problem: Problem) -> None:
    HTTP_REFUSED.labels(problem.type.slug).inc()
    log.warning("a connection is refused", cause=problem.type.slug, detail=problem.detail)


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
    if problem.type.retry_after is not None:
        own.append((b"retry-after", str(problem.type.retry_after).encode()))
    lines = b"".join(b"%s: %s\r\n" % header for header in [*headers, *own])
    return STATUS_LINE[problem.type.status] + lines + b"\r\n" + body
