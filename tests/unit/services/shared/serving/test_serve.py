"""A service as a process: it says in one line why it cannot start, and stops in order."""

import asyncio
import errno
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

import httpx
import pytest

from ordercast.infra.local.ports import free_port

# What a service's `__main__` does, with a slow request, an endless stream, and a wiring that shows when it is closed.
SERVICE: Final = """
import asyncio, sys, uvicorn
from contextlib import asynccontextmanager
from types import SimpleNamespace
from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from ordercast.services.shared.http.app import create_app
from ordercast.services.shared.serving.serve import serve
from ordercast.services.shared.process.errors import CannotStart
from ordercast.services.shared.telemetry.logs import configure_logging

router = APIRouter()

@router.get("/slow")
async def slow() -> str:
    await asyncio.sleep(0.5)
    return "done"

@router.get("/stuck")
async def stuck() -> str:
    await asyncio.sleep(3600)
    return "never"

@router.get("/stream")
async def stream(request: Request) -> StreamingResponse:
    async def beats():
        yield b"first"
        await request.app.state.stopping.wait()
        yield b"last"
    return StreamingResponse(beats())

@router.get("/endless")
async def endless() -> StreamingResponse:
    async def beats():
        while True:
            yield b"beat"
            await asyncio.sleep(0.05)
    return StreamingResponse(beats())

@asynccontextmanager
async def wiring():
    if "broken" in sys.argv:
        raise CannotStart("the wiring is broken")
    yield SimpleNamespace(checks={})
    print("wiring closed", flush=True)

if "late" in sys.argv:  # a while passes between the start and the moment that the port accepts
    accept = uvicorn.Server.startup
    async def accept_late(*arguments):
        await asyncio.sleep(0.5)
        await accept(*arguments)
    uvicorn.Server.startup = accept_late

configure_logging("small", "json")
try:
    operations = [int(argument.partition("=")[2]) for argument in sys.argv if argument.startswith("operations=")]
    app = create_app(title="Small", wiring=wiring, routers=[router])
    serve(app, host="127.0.0.1", port=int(sys.argv[1]), operations_port=operations[0] if operations else None)
except CannotStart as error:
    sys.exit(f"small: {error}")
"""


@asynccontextmanager
async def process(*arguments: str) -> AsyncIterator[asyncio.subprocess.Process]:
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-c", SERVICE, *arguments, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE
    )
    try:
        yield child
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()


@asynccontextmanager
async def running(*arguments: str) -> AsyncIterator[tuple[asyncio.subprocess.Process, str]]:
    """The process and its address, which its first log line names."""
    async with process("0", *arguments) as child:
        assert child.stderr is not None
        line = (await child.stderr.readline()).decode()
        yield child, line.split('"address": "')[1].split('"')[0]


async def test_its_port_accepts_as_soon_as_the_log_names_it() -> None:
    async with running("late") as (_, address), httpx.AsyncClient(base_url=address, trust_env=False) as client:
        assert (await client.get("/healthz")).status_code == 200


async def test_a_taken_port_is_named_in_one_line() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        async with process(str(port)) as child:
            output, error = await child.communicate()
    assert child.returncode == 1
    assert output == b""
    assert error.decode() == f"small: cannot listen on 127.0.0.1:{port}: {os.strerror(errno.EADDRINUSE)}\n"


async def test_metrics_and_readiness_can_have_a_port_of_their_own_which_has_nothing_else() -> None:
    operations = free_port()
    async with running(f"operations={operations}") as (_, address), httpx.AsyncClient(trust_env=False) as client:
        answered = {
            (port, path): (await client.get(f"{base}{path}")).status_code
            for port, base in (("clients", address), ("operations", f"http://127.0.0.1:{operations}"))
            for path in ("/metrics", "/readyz", "/healthz", "/slow", "/openapi.json", "/none")
        }
        refused = await client.get(f"{address}/metrics")
    assert [path for (port, path), status in answered.items() if port == "clients" and status == 200] == [
        "/healthz",
        "/slow",
        "/openapi.json",
    ]
    assert [path for (port, path), status in answered.items() if port == "operations" and status == 200] == [
        "/metrics",
        "/readyz",
        "/healthz",
    ]
    assert set(answered.values()) == {200, 404}
    assert refused.headers["content-type"] == "application/problem+json"


async def test_a_wiring_that_cannot_open_is_one_line_too() -> None:
    async with process("0", "broken") as child:
        _, error = await child.communicate()
    assert child.returncode == 1
    assert error.decode() == "small: the wiring is broken\n"


@pytest.mark.parametrize("signal_number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_ends_requests_first_and_the_wiring_last(signal_number: signal.Signals) -> None:
    async with running() as (child, address), httpx.AsyncClient(base_url=address, trust_env=False) as client:
        slow = asyncio.create_task(client.get("/slow"))
        await asyncio.sleep(0.2)
        child.send_signal(signal_number)
        assert (await slow).json() == "done"
        output, error = await child.communicate()
    assert child.returncode == 0
    assert output == b"wiring closed\n"
    assert b"Traceback" not in error


async def test_a_request_that_still_waits_when_its_time_has_run_out_hears_503_and_when_to_come_again() -> None:
    async with (
        running() as (child, address),
        httpx.AsyncClient(base_url=address, trust_env=False, timeout=30) as client,
    ):
        stuck = asyncio.create_task(client.get("/stuck"))
        await asyncio.sleep(0.2)
        child.send_signal(signal.SIGTERM)
        answer = await stuck
        output, error = await child.communicate()
    assert (answer.status_code, answer.json()["type"], answer.headers["Retry-After"]) == (
        503,
        "/problems/unavailable",
        "1",
    )
    assert "with the same Idempotency-Key" in answer.json()["detail"]
    assert child.returncode == 0
    assert output == b"wiring closed\n"
    assert b"Traceback" not in error


async def test_a_stream_can_end_by_itself_when_the_process_is_asked_to_stop() -> None:
    async with (
        running() as (child, address),
        httpx.AsyncClient(base_url=address, trust_env=False) as client,
        client.stream("GET", "/stream") as answer,
    ):
        chunks = answer.aiter_bytes()
        assert await anext(chunks) == b"first"
        child.send_signal(signal.SIGTERM)
        assert await anext(chunks) == b"last"
        assert await child.wait() == 0


async def test_an_endless_stream_does_not_hold_the_process_up() -> None:
    async with (
        running() as (child, address),
        httpx.AsyncClient(base_url=address, trust_env=False) as client,
        client.stream("GET", "/endless") as answer,
    ):
        assert answer.status_code == 200
        child.send_signal(signal.SIGTERM)
        async with asyncio.timeout(15):
            output, _ = await child.communicate()
    assert child.returncode == 0
    assert output == b"wiring closed\n"
