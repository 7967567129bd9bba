"""Requests over HTTP that are tried again where that is safe, and errors as types."""

import asyncio
import ssl
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from random import uniform
from typing import Any, Final

import httpx
import msgspec

from ordercast.client.errors import AnswerUnreadable, ProblemAnswer, ServiceUnreachable
from ordercast.first_line import first_line

# A service that does not take the connection within this time (s) is not there.
CONNECT_TIMEOUT_S: Final = 5.0
# Longer than any server-side deadline (30 s), so that the server's own error arrives.
READ_TIMEOUT_S: Final = 40.0
# A client that tries for this long (s) notices no killed service: it is back within a few seconds. What takes the longest is a
# batch of views that Kafka cut off twice (10 s each) before the kill, which keeps its key for another 15 s; and the pauses.
RETRY_FOR_S: Final = 40.0
FIRST_PAUSE_S: Final = 0.1
LONGEST_PAUSE_S: Final = 2.0
# Not the caller's fault and not for long: too many requests, or something behind the service is away. Any other status is
# transient too when the answer says when to try again (Retry-After).
TRANSIENT_STATUSES: Final = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Request:
    """`repeatable` says that sending it twice does no more than sending it once."""

    method: str
    url: str
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    params: Mapping[str, Any] = field(default_factory=dict)
    repeatable: bool = False
    # Statuses beside those of success that come with the answer itself; a problem with such a status stays a problem.
    answered_with: frozenset[int] = frozenset()
    read_timeout_s: float = READ_TIMEOUT_S


class Transport:
    """Sends requests over shared connections: as many as there are lanes are under way at once, the rest wait their turn.

    Each lane is an HTTP client with a connection to each service. One client with many connections would look through all
    of them, several times, for every request (httpcore 1.0): at 64 connections that took 20 ms a request.
    """

    def __init__(self, lanes: Sequence[httpx.AsyncClient], *, retry_for_s: float) -> None:
        # Last in, first out: a client that sends one request after the other stays on one connection.
        self._free: asyncio.LifoQueue[httpx.AsyncClient] = asyncio.LifoQueue()
        for lane in reversed(lanes):
            self._free.put_nowait(lane)
        self._retry_for_s = retry_for_s

    async def send(self, request: Request) -> httpx.Response:
        """The answer: a success, or one with a status of `answered_with`.

        Tries again, with growing pauses, what was surely not taken (no connection) and, if it is repeatable, what may have
        been (no answer, or a transient error). Who asks too often (429) is not asked again before the time that the answer names.

        Raises:
            ProblemAnswer: the service refuses the request.
            ServiceUnreachable: no answer in time.
        """
        give_up_at = time.monotonic() + self._retry_for_s
        pause = FIRST_PAUSE_S
        while True:
            wait_s = 0.0
            failure: ProblemAnswer | ServiceUnreachable
            try:
                async with self._lane() as http:
                    response = await http.send(_built(http, request))
                if response.is_success or _is_answer(response, request):
                    return response
                failure = problem_of(response)
                again = request.repeatable and _is_transient(response)
                wait_s = failure.wait_s
            except httpx.TransportError as error:
                failure = ServiceUnreachable(f"{request.url} does not answer: {first_line(error)}")
                again = request.repeatable or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            if not again or time.monotonic() + max(pause, wait_s) > give_up_at:
                raise failure
            # Not all clients at the same moment: a service that comes back would be pushed over again.
            await asyncio.sleep(wait_s + uniform(pause / 2, pause))  # noqa: S311 - no secret
            pause = min(2 * pause, LONGEST_PAUSE_S)

    @asynccontextmanager
    async def stream(self, request: Request) -> AsyncIterator[httpx.Response]:
        """An answer that comes in bit by bit, tried once. It keeps its lane until the end.

        Raises:
            ProblemAnswer: the service refuses the request.
            ServiceUnreachable: no connection, or it broke off.
        """
        async with self._lane() as http:
            try:
                response = await http.send(_built(http, request), stream=True)
                try:
                    if not response.is_success:
                        await response.aread()
                        raise problem_of(response)
                    yield response
                finally:
                    await response.aclose()
            except httpx.TransportError as error:
                raise ServiceUnreachable(f"{request.url} broke off: {first_line(error)}") from error

    @asynccontextmanager
    async def _lane(self) -> AsyncIterator[httpx.AsyncClient]:
        lane = await self._free.get()
        try:
            yield lane
        finally:
            self._free.put_nowait(lane)


@asynccontextmanager
async def open_transport(*, connections: int, retry_for_s: float = RETRY_FOR_S) -> AsyncIterator[Transport]:
    """A transport with `connections` lanes. Proxies of the environment are not used."""
    async with AsyncExitStack() as stack:
        tls = ssl.create_default_context()  # made once: it reads the machine's certificates
        lanes = [
            await stack.enter_async_context(httpx.AsyncClient(verify=tls, trust_env=False)) for _ in range(connections)
        ]
        yield Transport(lanes, retry_for_s=retry_for_s)


def problem_of(response: httpx.Response) -> ProblemAnswer:
    """The error of an answer, problem+json or not."""
    title, wait_s = f"{response.status_code} {response.reason_phrase}", _named_wait_s(response)
    try:
        body = msgspec.json.decode(response.content, type=_Problem)
    except msgspec.DecodeError:
        return ProblemAnswer(response.status_code, "unknown", title, response.text[:200] or None, wait_s=wait_s)
    fields = {error.field: error.message for error in body.errors}
    kind = body.type.rpartition("/")[2]
    return ProblemAnswer(response.status_code, kind, body.title or title, body.detail, fields, wait_s=wait_s)


def decode(response: httpx.Response, answer: type[Any]) -> Any:
    """The body of a success as the struct `answer`.

    Raises:
        AnswerUnreadable: it is something else.
    """
    try:
        return msgspec.json.decode(response.content, type=answer)
    except msgspec.DecodeError as error:
        raise AnswerUnreadable(f"{response.request.method} {response.request.url}: {first_line(error)}") from error


class _FieldError(msgspec.Struct):
    field: str
    message: str


class _Problem(msgspec.Struct):
    type: str = "unknown"
    title: str = ""
    detail: str | None = None
    errors: list[_FieldError] = []


def _is_answer(response: httpx.Response, request: Request) -> bool:
    return response.status_code in request.answered_with and response.headers.get("content-type") == "application/json"


def _is_transient(response: httpx.Response) -> bool:
    return response.status_code in TRANSIENT_STATUSES or "retry-after" in response.headers


def _named_wait_s(response: httpx.Response) -> float:
    """Of a 429 alone: services that are away say a second, the shortest that the header can, and are often back before."""
    named = response.headers.get("retry-after", "")
    return float(named) if response.status_code == httpx.codes.TOO_MANY_REQUESTS and named.isdecimal() else 0.0


def _built(http: httpx.AsyncClient, request: Request) -> httpx.Request:
    return http.build_request(
        request.method,
        request.url,
        content=request.body,
        headers=dict(request.headers),
        params={name: value for name, value in request.params.items() if value is not None},
        timeout=httpx.Timeout(request.read_timeout_s, connect=CONNECT_TIMEOUT_S),
    )
