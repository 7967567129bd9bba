# Made from ordercast/client/transport.py by `python -m ordercast.client.generate`: change it there.
"""Requests over HTTP that are tried again where that is safe, and errors as types."""

import queue
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from random import uniform

import httpx

from ordercast.client.certificates import trusted_here
from ordercast.client.errors import ProblemAnswer, ServiceUnreachable
from ordercast.client.request import (
    FIRST_PAUSE_S,
    LONGEST_PAUSE_S,
    RETRY_FOR_S,
    Request,
    built,
    is_answer,
    is_transient,
    problem_of,
)
from ordercast.first_line import first_line


class Transport:
    """Sends requests over shared connections: as many as there are lanes are under way at once, the rest wait their turn.

    Each lane is an HTTP client with a connection to each service. One client with many connections would look through all
    of them, several times, for every request (httpcore 1.0): at 64 connections that took 20 ms a request.
    """

    def __init__(self, lanes: Sequence[httpx.Client], *, retry_for_s: float) -> None:
        # Last in, first out: a client that sends one request after the other stays on one connection.
        self._free: queue.LifoQueue[httpx.Client] = queue.LifoQueue()
        for lane in reversed(lanes):
            self._free.put_nowait(lane)
        self._retry_for_s = retry_for_s

    def send(self, request: Request) -> httpx.Response:
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
                with self._lane() as http:
                    response = http.send(built(http, request))
                if response.is_success or is_answer(response, request):
                    return response
                failure = problem_of(response)
                again = request.repeatable and is_transient(response)
                wait_s = failure.wait_s
            except httpx.TransportError as error:
                failure = ServiceUnreachable(f"{request.url} does not answer: {first_line(error)}")
                again = request.repeatable or isinstance(error, httpx.ConnectError | httpx.ConnectTimeout)
            if not again or time.monotonic() + max(pause, wait_s) > give_up_at:
                raise failure
            # Not all clients at the same moment: a service that comes back would be pushed over again.
            time.sleep(wait_s + uniform(pause / 2, pause))  # noqa: S311 - no secret
            pause = min(2 * pause, LONGEST_PAUSE_S)

    @contextmanager
    def stream(self, request: Request) -> Iterator[httpx.Response]:
        """An answer that comes in bit by bit, tried once. It keeps its lane until the end.

        Raises:
            ProblemAnswer: the service refuses the request.
            ServiceUnreachable: no connection, or it broke off.
        """
        with self._lane() as http:
            try:
                response = http.send(built(http, request), stream=True)
                try:
                    if not response.is_success:
                        response.read()
                        raise problem_of(response)
                    yield response
                finally:
                    response.close()
            except httpx.TransportError as error:
                raise ServiceUnreachable(f"{request.url} broke off: {first_line(error)}") from error

    @contextmanager
    def _lane(self) -> Iterator[httpx.Client]:
        lane = self._free.get()
        try:
            yield lane
        finally:
            self._free.put_nowait(lane)


@contextmanager
def open_transport(*, connections: int, retry_for_s: float = RETRY_FOR_S) -> Iterator[Transport]:
    """A transport with `connections` lanes. Proxies of the environment are not used."""
    with ExitStack() as stack:
        lanes = [stack.enter_context(httpx.Client(verify=trusted_here(), trust_env=False)) for _ in range(connections)]
        yield Transport(lanes, retry_for_s=retry_for_s)
