"""A closed loop of HTTP/1.1 clients on one event loop: each connection sends its next request when its answer has come.

Runs as a process of its own, so that it takes no time from the service that it measures:
`python -m tests.bench.http_load` reads a `Load` as JSON from stdin and prints a `LoadReport` as JSON.
"""

import asyncio
import itertools
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec
import numpy as np
import uvloop


class Load(msgspec.Struct, frozen=True):
    """`bodies` are sent in turn (an empty one makes a GET); `paths` likewise. With `tokens` each connection is an account."""

    host: str
    port: int
    paths: list[str]
    bodies: list[str]
    headers: dict[str, str]
    connections: int
    seconds: float
    warm_up_s: float = 1.0
    expected_status: int = 200
    tokens: list[str] = []


class LoadReport(msgspec.Struct, frozen=True):
    """Requests answered with the expected status after the warm-up, and their latencies in milliseconds."""

    requests: int
    failed: int
    seconds: float
    p50_ms: float
    p99_ms: float

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


@dataclass
class _Tally:
    latencies: list[float]
    failed: int = 0


async def _client(load: Load, requests: list[bytes], first: int, tally: _Tally, count_from: float, end: float) -> None:
    reader, writer = await asyncio.open_connection(load.host, load.port)
    turn = first
    while (began := time.perf_counter()) < end:
        writer.write(requests[turn % len(requests)])
        turn += load.connections
        status = await _read_answer(reader)
        if began >= count_from:
            if status == load.expected_status:
                tally.latencies.append(time.perf_counter() - began)
            else:
                tally.failed += 1
    writer.close()


async def _read_answer(reader: asyncio.StreamReader) -> int:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:", 1)[1].split(b"\r\n", 1)[0])
    await reader.readexactly(length)
    return int(head[9:12])


def _requests(load: Load, token: str) -> list[bytes]:
    headers = load.headers | ({"Authorization": f"Bearer {token}"} if token else {})
    return [
        _request(
            headers, load.paths[turn % len(load.paths)], load.bodies[turn % len(load.bodies)] if load.bodies else ""
        )
        for turn in range(max(len(load.paths), len(load.bodies)))
    ]


def _request(given: Mapping[str, str], path: str, body: str) -> bytes:
    headers = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    method = "POST" if body else "GET"
    length = f"Content-Type: application/json\r\nContent-Length: {len(body.encode())}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: localhost\r\n{headers}{length}\r\n{body}".encode()


async def _run(load: Load) -> LoadReport:
    began = time.perf_counter()
    count_from, end = began + load.warm_up_s, began + load.warm_up_s + load.seconds
    tally = _Tally([])
    requests = {token: _requests(load, token) for token in load.tokens or [""]}
    accounts = itertools.cycle(requests.values())
    await asyncio.gather(
        *(_client(load, next(accounts), first, tally, count_from, end) for first in range(load.connections))
    )
    p50, p99 = np.percentile(tally.latencies, [50, 99]) * 1000 if tally.latencies else (0.0, 0.0)
    return LoadReport(len(tally.latencies), tally.failed, load.seconds, float(p50), float(p99))


async def run_load(load: Load) -> LoadReport:
    """Runs the load in a process of its own."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.bench.http_load",
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await process.communicate(msgspec.json.encode(load))
    if process.returncode:
        raise RuntimeError(f"the load generator ended with {process.returncode}")
    return msgspec.json.decode(out, type=LoadReport)


def main() -> None:
    load = msgspec.json.decode(sys.stdin.buffer.read(), type=Load)
    sys.stdout.buffer.write(msgspec.json.encode(uvloop.run(_run(load))))


if __name__ == "__main__":
    main()
