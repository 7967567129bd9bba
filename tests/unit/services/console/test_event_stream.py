"""A stream that keeps one of the console's connections is counted, whatever it follows."""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from types import SimpleNamespace
from typing import Any, cast
from uuid import UUID

import pytest
from fastapi import Request, Response

from ordercast.services.console.event_stream import EventStream
from ordercast.services.console.events.routes import stream as stream_events
from ordercast.services.console.events.schemas import EventsQuestion
from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.streams import Streams
from ordercast.services.console.trainings.routes import stream_training


async def status_of(answer: Response) -> int:
    """Read by a browser that stays."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        await asyncio.Event().wait()
        return {}

    async def send(message: Any) -> None:
        sent.append(message)

    await answer({"type": "http"}, receive, send)
    status: int = sent[0]["status"]
    return status


async def events(request: Request, log_in: LogIn) -> Response:
    return await stream_events(request, log_in, EventsQuestion())


async def a_training(request: Request, log_in: LogIn) -> Response:
    return await stream_training(request, log_in, UUID(int=1))


@pytest.mark.parametrize("route", [events, a_training])
async def test_where_too_many_streams_are_open_no_more_is_followed(
    route: Callable[[Request, LogIn], Awaitable[Response]],
) -> None:
    async def me() -> None: ...

    state = SimpleNamespace(stopping=asyncio.Event(), service=SimpleNamespace(streams=Streams(most=0)))
    request = SimpleNamespace(app=SimpleNamespace(state=state))
    order_api = SimpleNamespace(me=me, events=lambda **_: nothing())
    log_in = SimpleNamespace(client=SimpleNamespace(order_api=order_api), account=None)
    answer = await route(cast("Request", request), cast("LogIn", log_in))
    assert await status_of(answer) == 429


async def nothing() -> AsyncGenerator[bytes, None]:
    for part in list[bytes]():
        yield part


async def test_one_that_ends_makes_room_for_the_next() -> None:
    streams, seen = Streams(most=1), list[int]()

    async def parts() -> AsyncGenerator[bytes, None]:
        seen.append(streams.open)
        seen.append(await status_of(EventStream(nothing(), streams)))
        yield b"data: 1\n\n"

    assert await status_of(EventStream(parts(), streams)) == 200
    assert await status_of(EventStream(nothing(), streams)) == 200
    assert (seen, streams.open) == ([1, 429], 0)
