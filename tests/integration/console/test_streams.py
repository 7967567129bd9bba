"""What goes on by itself on a page, while services are down and come back."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing
from typing import Final

import httpx
import pytest
from structlog.testing import capture_logs

from ordercast.services.console.app import console_app
from ordercast.services.console.journey import routes as journey
from ordercast.services.console.settings import ConsoleSettings
from tests.integration.console.test_all_pages import shop
from tests.integration.console.test_log_in import log_in, reading
from tests.integration.console.test_models_and_trainings import TRAININGS
from tests.support.console_journey import ORDER
from tests.support.console_services import SERVICES

# Each stream's path, filled in.
STREAMS: Final = [
    path.format(order_id=ORDER, training_id=TRAININGS[0]["id"])
    for path in console_app(ConsoleSettings()).openapi()["paths"]
    if path.endswith("/stream")
]


async def messages(http: httpx.AsyncClient, path: str) -> AsyncGenerator[str]:
    """Each event of the stream, until it breaks off."""
    async with http.stream("GET", path) as answer:
        assert answer.status_code == 200
        message: list[str] = []
        async for line in answer.aiter_lines():
            if line:
                message.append(line.removeprefix("data: "))
            elif message:
                yield "\n".join(message)
                message = []


def test_the_walk_knows_the_streams() -> None:
    assert {"/flow/stream", f"/journey/{ORDER}/stream", "/events/stream"} < set(STREAMS)


@pytest.mark.parametrize("path", STREAMS)
async def test_a_stream_goes_on_while_a_service_is_down(path: str) -> None:
    services = shop()
    async with reading(services) as http:
        await log_in(http, "olga")
        for name in SERVICES:
            services.down = {name}
            with capture_logs() as logged:
                async with asyncio.timeout(60), aclosing(messages(http, path)) as coming:
                    assert await anext(coming) == "retry: 1000" if path == "/events/stream" else "retry: 2000"
                    if name == "order_api" or path != "/events/stream":
                        assert await anext(coming), name
            assert [line for line in logged if line["log_level"] == "error"] == [], name


async def test_a_journey_keeps_what_it_shows_while_order_api_does_not_answer_and_goes_on_after_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(journey, "ON_ITS_WAY_S", 0.05)
    monkeypatch.setattr(journey, "ARRIVED_S", 0.05)
    services = shop()
    async with reading(services) as http:
        await log_in(http, "olga")
        async with asyncio.timeout(60), aclosing(messages(http, f"/journey/{ORDER}/stream")) as coming:
            while "as-of" not in await anext(coming):
                pass
            services.down = {"order_api"}
            while "order_api did not bring this" not in (told := await anext(coming)):
                pass
            assert "as-of" not in told  # nothing takes the place of what is shown
            services.down = set()
            while "as-of" not in (told := await anext(coming)):
                pass
            assert "did not bring this" not in told
