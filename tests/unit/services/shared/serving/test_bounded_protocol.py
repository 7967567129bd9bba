"""What one connection can make a service's process hold: a service of its own, over plain sockets."""

import asyncio
import itertools
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, cast

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.config import Config
from uvicorn.server import ServerState

from ordercast.services.shared.serving.bounded_protocol import _PIECE_BYTES, MAX_HEAD_BYTES, BoundedProtocol
from tests.support.attacks import Heard, endless, send_until_closed

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
serve(create_app(title="Small", wiring=wiring, routers=[router]), host="127.0.0.1", port=0)
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
        yield Served(int(line.split("127.0.0.1:")[1].split('"')[0]), child.pid)
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


class _Transport:
    """As much of one as the protocol asks for."""

    def __init__(self) -> None:
        self.written = b""
        self.closed = False

    def get_extra_info(self, _: str) -> Any:
        return None

    def write(self, data: bytes) -> None:
        self.written += data

    def close(self) -> None:
        self.closed = True

    write_eof = pause_reading = resume_reading = lambda self: None
    is_closing = lambda self: self.closed  # noqa: E731


def _refused_when_sent(message: bytes, cuts: list[int]) -> bool:
    """Whether the message, sent in the pieces that the cuts make of it, ends the connection. No request is answered."""

    async def feed() -> bool:
        fed = asyncio.Event()

        async def answer_nothing(_scope: object, _receive: object, _send: object) -> None:
            await fed.wait()

        config = Config(cast("Any", answer_nothing), http=BoundedProtocol, lifespan="off", log_config=None, ws="none")
        protocol = BoundedProtocol(config, ServerState(), {}, asyncio.get_running_loop())
        transport = _Transport()
        protocol.connection_made(cast("asyncio.Transport", transport))
        bounds = [0, *sorted(cuts), len(message)]
        for start, end in itertools.pairwise(bounds):
            if start < end:
                protocol.data_received(message[start:end])
        ended = transport.closed or bool(transport.written)
        fed.set()
        await asyncio.gather(*protocol.tasks)
        return ended

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
