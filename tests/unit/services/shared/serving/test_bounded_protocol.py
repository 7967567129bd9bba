"""What one connection can make a service's process hold: a service of its own, over plain sockets."""

import asyncio
import itertools
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.config import Config

from ordercast.services.shared.serving.bounded_protocol import _PIECE_BYTES, MAX_HEAD_BYTES, BoundedProtocol
from ordercast.services.shared.serving.connections import ConnectionLimits, Connections
from tests.support.attacks import PATIENCE_S, Heard, endless, send_until_closed

# What each attack would send if nobody stopped it, and what it gets in, the buffers of both sockets included (bytes).
OFFERED_BYTES: Final = 64 * 1_048_576
TAKEN_BYTES: Final = 32 * 1_048_576
# By how much the process may grow over many attacks (bytes).
GROWTH_BYTES: Final = 16 * 1_048_576

SERVICE: Final = """
from contextlib import asynccontextmanager
from types import SimpleNamespace
from fastapi import APIRouter, Request
from ordercast.services.shared.http.app import create_app
from ordercast.services.shared.serving.connections import ConnectionLimits
from ordercast.services.shared.serving.serve import serve
from ordercast.services.shared.telemetry.logs import configure_logging

router = APIRouter()

@router.post("/length")
async def length(request: Request) -> int:
    return len(await request.body())

@asynccontextmanager
async def wiring():
    yield SimpleNamespace(checks={})

configure_logging("small", "json")
limits = ConnectionLimits(connections=30, per_address=20, head_s=1, idle_s=1)
serve(create_app(title="Small", wiring=wiring, routers=[router]), host="0.0.0.0", port=0, limits=limits)
"""


@dataclass(frozen=True, slots=True)
class Served:
    port: int
    pid: int

    def resident_bytes(self) -> int:
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * 4_096

    def sends(self, *pieces: bytes) -> Heard:
        return send_until_closed(self.port, pieces)

    def refused(self, reason: str) -> float:
        text = httpx.get(f"http://127.0.0.1:{self.port}/metrics", trust_env=False).text
        counts = [
            line for line in text.splitlines() if line.startswith(f'ordercast_http_refused_total{{reason="{reason}"}}')
        ]
        return sum(float(line.rpartition(" ")[2]) for line in counts)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    child = subprocess.Popen([sys.executable, "-c", SERVICE], stderr=subprocess.PIPE)
    try:
        assert child.stderr is not None
        line = child.stderr.readline().decode()
        yield Served(int(line.split("0.0.0.0:")[1].split('"')[0]), child.pid)
    finally:
        child.kill()
        child.communicate()


START: Final = b"GET /healthz HTTP/1.1\r\nHost: small\r\n"
LONG: Final = b"a" * 16_384
ENDLESS: Final = {
    "headers": (START, b"name: " + LONG + b"\r\n", 431, "headers-too-large"),
    "small headers": (START, b"a:\r\n" * 4_096, 431, "headers-too-large"),
    "value": (START + b"name: ", LONG, 431, "headers-too-large"),
    "name": (START, LONG, 431, "headers-too-large"),
    "url": (b"GET /", LONG, 414, "url-too-long"),
    "query": (b"GET /healthz?", LONG, 414, "url-too-long"),
}


@pytest.mark.parametrize("part", ENDLESS)
def test_a_head_without_end_is_refused_after_64_kib_and_the_connection_closed(served: Served, part: str) -> None:
    start, piece, status, slug = ENDLESS[part]
    before = served.refused(slug)
    heard = send_until_closed(served.port, endless(start, piece, OFFERED_BYTES))
    assert heard.statuses == [status]
    assert (heard.problem["type"], heard.problem["status"]) == (f"/problems/{slug}", status)
    assert heard.sent < TAKEN_BYTES
    assert served.refused(slug) == before + 1


def test_trailers_without_end_are_refused_too(served: Served) -> None:
    start = b"POST /length HTTP/1.1\r\nHost: small\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n"
    heard = send_until_closed(served.port, endless(start, b"name: " + LONG + b"\r\n", OFFERED_BYTES))
    assert heard.statuses == [431]
    assert heard.sent < TAKEN_BYTES


def test_the_process_does_not_grow_with_what_is_sent_to_it(served: Served) -> None:
    def attack_with_all() -> None:
        for start, piece, *_ in ENDLESS.values():
            send_until_closed(served.port, endless(start, piece, OFFERED_BYTES))

    attack_with_all()
    before = served.resident_bytes()
    for _ in range(5):
        attack_with_all()
    assert served.resident_bytes() - before < GROWTH_BYTES


def test_a_head_just_below_the_limit_is_answered(served: Served) -> None:
    head = START + b"name: " + b"a" * (MAX_HEAD_BYTES - 1_024) + b"\r\nConnection: close\r\n\r\n"
    assert served.sends(head).statuses == [200]


@pytest.mark.parametrize(
    "head",
    [b"GET /healthz HTTP/1.1\r\n\r\n", b"GET /healthz HTTP/1.1\r\nHost: small\r\nHost: small\r\n\r\n"],
    ids=["none", "two"],
)
def test_a_request_without_one_host_is_refused(served: Served, head: bytes) -> None:
    heard = served.sends(head)
    assert heard.statuses == [400]
    assert "one Host header" in heard.problem["detail"]


@pytest.mark.parametrize(
    "head", [START + b"Connection: close\r\n\r\n", b"no request\r\n\r\n"], ids=["answer", "refusal"]
)
def test_nobody_may_take_an_answer_for_what_it_does_not_say_it_is(served: Served, head: bytes) -> None:
    assert b"x-content-type-options: nosniff\r\n" in served.sends(head).answers


def test_http_1_0_needs_no_host(served: Served) -> None:
    assert served.sends(b"GET /healthz HTTP/1.0\r\n\r\n").statuses == [200]


@pytest.mark.parametrize(
    "bytes_",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /healthz HTTP/1.1\r\nHost: small\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        b"POST /length HTTP/1.1\r\nHost: small\r\nTransfer-Encoding: chunked\r\n\r\nno number\r\n",
    ],
    ids=["TLS", "two lengths", "broken chunk"],
)
def test_what_is_no_request_is_answered_with_a_problem(served: Served, bytes_: bytes) -> None:
    heard = served.sends(bytes_)
    assert heard.statuses == [400]
    assert heard.problem["type"] == "/problems/malformed-request"


def test_an_upgrade_is_answered_as_if_it_were_not_asked_for(served: Served) -> None:
    assert served.sends(START + b"Connection: upgrade, close\r\nUpgrade: websocket\r\n\r\n").statuses == [200]


def test_requests_sent_ahead_are_answered_up_to_a_number(served: Served) -> None:
    few = [START + b"\r\n"] * 9 + [START + b"Connection: close\r\n\r\n"]
    assert served.sends(b"".join(few)).statuses == [200] * 10
    assert served.sends((START + b"\r\n") * 5_000).statuses.count(200) < 1_000


def test_a_large_body_goes_through_whole_in_one_part_and_in_many(served: Served) -> None:
    url = f"http://127.0.0.1:{served.port}/length"
    assert httpx.post(url, content=b"a" * 1_000_000, trust_env=False).json() == 1_000_000
    # The frames of such small parts are together longer than a head may be.
    assert httpx.post(url, content=(b"a" for _ in range(15_000)), trust_env=False).json() == 15_000


@contextmanager
def connected(port: int, count: int, source: str) -> Iterator[list[socket.socket]]:
    """So many connections that say nothing."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(socket.create_connection(("127.0.0.1", port), PATIENCE_S, source_address=(source, 0)))
            for _ in range(count)
        ]


def answered(peer: socket.socket) -> bool:
    peer.sendall(START + b"\r\n")
    return peer.recv(65_536).startswith(b"HTTP/1.1 200")


def test_connections_are_bounded_by_address_and_in_all_and_those_that_are_there_are_served(served: Served) -> None:
    before = [served.refused(f"too-many-connections{rest}") for rest in ("-of-an-address", "")]
    with connected(served.port, 20, "127.0.0.1") as mine:
        assert served.sends().statuses == [429]
        with connected(served.port, 10, "127.0.0.2") as others:
            with connected(served.port, 1, "127.0.0.3") as [one_more]:
                assert one_more.recv(65_536).startswith(b"HTTP/1.1 503")
            assert answered(others[0])
        assert answered(mine[0])
    # Their places are free again, as soon as the service has seen them go.
    while served.sends(START + b"Connection: close\r\n\r\n").statuses != [200]:
        pass
    after = [served.refused(f"too-many-connections{rest}") for rest in ("-of-an-address", "")]
    assert after[0] > before[0]
    assert after[1] == before[1] + 1


def test_a_running_service_ends_a_head_that_is_not_whole_in_time_and_a_connection_without_requests(
    served: Served,
) -> None:
    heard = served.sends(START)
    assert heard.statuses == [408]
    assert heard.problem["type"] == "/problems/request-timeout"
    assert served.sends().answers == b""
    assert served.sends(START + b"\r\n").statuses == [200]  # and then it is closed, or this would hang


class _Transport:
    """As much of one as the protocol asks for."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False
        self.unsent = 0

    def get_extra_info(self, _: str) -> Any:
        return None

    def write(self, data: bytes) -> None:
        self._check_open()
        self.written += data

    def _check_open(self) -> None:
        if self.closed:  # as uvloop does
            raise RuntimeError("unable to perform operation; the handler is closed")

    def close(self) -> None:
        self.closed = True

    abort = close

    def get_write_buffer_size(self) -> int:
        return self.unsent

    write_eof = pause_reading = resume_reading = _check_open
    is_closing = lambda self: self.closed  # noqa: E731


@dataclass(frozen=True, slots=True)
class Peer:
    """A connection without a network. No request on it is answered."""

    protocol: BoundedProtocol
    transport: _Transport

    @property
    def ended(self) -> bool:
        return self.transport.closed or bool(self.transport.written)

    def sends(self, data: bytes) -> None:
        self.protocol.data_received(data)

    def seconds_until_ended(self) -> int:
        """How many ticks; more than a thousand are never."""
        for seconds in range(1_000):
            if self.ended:
                return seconds
            self.protocol.tick()
        return 1_000


@asynccontextmanager
async def peer() -> AsyncIterator[Peer]:
    gone = asyncio.Event()

    async def answer_nothing(_scope: object, _receive: object, _send: object) -> None:
        await gone.wait()

    config = Config(cast("Any", answer_nothing), http=BoundedProtocol, lifespan="off", log_config=None, ws="none")
    protocol = BoundedProtocol(config, Connections(ConnectionLimits()), {}, asyncio.get_running_loop())
    transport = _Transport()
    protocol.connection_made(cast("asyncio.Transport", transport))
    yield Peer(protocol, transport)
    gone.set()
    await asyncio.gather(*protocol.tasks)


HEAD_S: Final = ConnectionLimits().head_s
STALL_S: Final = ConnectionLimits().stall_s
POST: Final = b"POST /length HTTP/1.1\r\nHost: small\r\nContent-Length: 1000000\r\n\r\n"


@pytest.mark.parametrize("first", [b"", b"\r\n", b"GET", START])
async def test_a_head_has_ten_seconds(first: bytes) -> None:
    async with peer() as connection:
        connection.sends(first)
        assert connection.seconds_until_ended() == HEAD_S + 1
        assert connection.transport.written.startswith(b"HTTP/1.1 408" if first else b"")


async def test_the_next_head_on_a_connection_has_as_long_from_its_first_byte() -> None:
    async with peer() as connection:
        connection.sends(START + b"\r\n")
        for _ in range(5 * HEAD_S):
            connection.protocol.tick()
        assert not connection.ended  # the answer may take as long as it likes
        connection.sends(b"GET")
        assert connection.seconds_until_ended() == HEAD_S + 1


async def test_a_body_that_trickles_is_ended_and_one_that_flows_is_not() -> None:
    async with peer() as connection:
        connection.sends(POST)
        for _ in range(STALL_S * 10):
            connection.sends(b"a" * 1_100)
            await connection.protocol.cycle.receive()
            connection.protocol.tick()
        assert not connection.ended
        for _ in range(2 * STALL_S):
            connection.sends(b"a")
            connection.protocol.tick()
        assert connection.transport.written.startswith(b"HTTP/1.1 408")


async def test_a_sender_that_we_keep_waiting_is_not_late() -> None:
    async with peer() as connection:
        connection.sends(POST + b"a" * 100_000)  # nobody reads it, so no more is taken from the socket
        assert connection.protocol.flow.read_paused
        assert connection.seconds_until_ended() == 1_000
        connection.protocol.flow.resume_reading()
        assert STALL_S <= connection.seconds_until_ended() <= 2 * (STALL_S + 1)


async def test_a_sender_that_waits_to_be_asked_for_its_body_is_not_late() -> None:
    async with peer() as connection:
        connection.sends(POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
        assert connection.seconds_until_ended() == 1_000


async def test_a_peer_that_does_not_read_its_answer_is_ended_and_one_that_reads_slowly_is_not() -> None:
    async with peer() as connection:
        connection.sends(START + b"\r\n")
        for unsent in range(1_000, 0, -1):
            connection.transport.unsent = unsent
            connection.protocol.tick()
        assert not connection.ended
        assert STALL_S <= connection.seconds_until_ended() <= STALL_S + 2


async def test_what_is_written_to_a_peer_that_has_left_is_dropped_in_silence() -> None:
    async with peer() as connection:
        connection.sends(POST + b"a" * 100_000)
        connection.transport.closed = True
        cycle = connection.protocol.cycle
        await cycle.receive()  # reads on
        await cycle.send({"type": "http.response.start", "status": 200, "headers": []})
        await cycle.send({"type": "http.response.body", "body": b"1", "more_body": False})
        assert connection.transport.written == b""


def _refused_when_sent(message: bytes, cuts: list[int]) -> bool:
    """Whether the message, sent in the pieces that the cuts make of it, ends the connection. No request is answered."""

    async def feed() -> bool:
        async with peer() as connection:
            for start, end in itertools.pairwise([0, *sorted(cuts), len(message)]):
                connection.sends(message[start:end])
            return connection.ended

    return asyncio.run(feed())


def _requests(head_bytes: int, body_bytes: int) -> bytes:
    """A request with a body, and one with a long head behind it."""
    start = START + b"name: "
    first = b"POST /length HTTP/1.1\r\nHost: small\r\nContent-Length: %d\r\n\r\n" % body_bytes + b"b" * body_bytes
    return first + start + b"a" * (head_bytes - len(start) - 4) + b"\r\n\r\n"


CUTS: Final = st.lists(st.integers(0, 400_000), max_size=8)


@given(head_bytes=st.integers(100, MAX_HEAD_BYTES), body_bytes=st.integers(0, 200_000), cuts=CUTS)
def test_no_head_within_the_limit_is_refused_however_it_arrives(
    head_bytes: int, body_bytes: int, cuts: list[int]
) -> None:
    assert not _refused_when_sent(_requests(head_bytes, body_bytes), cuts)


@given(extra=st.integers(1, 100_000), body_bytes=st.integers(0, 200_000), cuts=CUTS)
def test_every_head_beyond_the_limit_and_two_pieces_is_refused_however_it_arrives(
    extra: int, body_bytes: int, cuts: list[int]
) -> None:
    assert _refused_when_sent(_requests(MAX_HEAD_BYTES + 2 * _PIECE_BYTES + extra, body_bytes), cuts)
