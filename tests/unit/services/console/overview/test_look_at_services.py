"""How a service is, whatever it answers and however slowly."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final

import httpx
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ordercast.services.console.flow.numbers import ORDERS
from ordercast.services.console.overview import look_at_services as module
from ordercast.services.console.overview.look_at_services import ServiceState, look_at_services

READY: Final = b'{"checks": {"database": "ok"}}'


async def look_at(ready: bytes | httpx.AsyncByteStream, metrics: bytes) -> ServiceState:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.url.path == "/metrics":
            return httpx.Response(200, content=metrics)
        return httpx.Response(200, stream=ready) if not isinstance(ready, bytes) else httpx.Response(200, content=ready)

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        (state,) = await look_at_services(http, {"relay": "http://relay"})
        return state


@given(st.binary() | st.text().map(lambda text: f"{ORDERS} {text}".encode()))
@example(f"{ORDERS} not a number".encode())
def test_whatever_stands_on_a_page_of_metrics_the_service_is_there(metrics: bytes) -> None:
    state = asyncio.run(look_at(READY, metrics))
    assert state.away is None
    assert set(state.failing or ()) <= {"metrics"}


async def test_a_page_of_metrics_that_cannot_be_read_is_told_as_what_the_service_misses() -> None:
    state = await look_at(READY, f"{ORDERS} seven\n".encode())
    assert state.failing
    assert str(state.failing["metrics"]).startswith("its page of metrics cannot be read: ")
    assert state.numbers.by_name == {}


@given(st.binary())
@example(b'{"checks": {"database": "\xff"}}')
@example(b'{"deep": ' + b"[" * 100_000)
def test_what_is_no_readiness_is_told_as_no_service_of_ordercast(ready: bytes) -> None:
    state = asyncio.run(look_at(ready, b""))
    assert state.away is not None
    assert "is no service of Ordercast" in str(state.away)


class Dripping(httpx.AsyncByteStream):
    """Never silent for long, and never done."""

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while True:
            yield b" "
            await asyncio.sleep(0)


async def test_nobody_waits_for_a_service_that_never_comes_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PART_DEADLINE_S", 0.05)
    state = await look_at(Dripping(), b"")
    assert str(state.away) == "no answer within 0.05 s"
