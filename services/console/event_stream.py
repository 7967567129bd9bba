"""A page's parts as they change: server-sent events, each with HTML that the server drew. One stream a page: browsers have six
connections for all pages of a place."""

import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from functools import partial
from typing import Any, Final

from fastapi import Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from ordercast.services.console.errors import LoggedOut
from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.log_in.look_again import look_again
from ordercast.services.console.pages import HEADERS, LOG_IN_COOKIE, console, language_of, log_in_of, render
from ordercast.services.console.streams import Streams

# How long (ms) a browser waits before it connects again.
RETRY_MS: Final = 2_000
# Between two looks (s) whether the account's tokens and its role are still good.
LOOK_EVERY_S: Final = 30.0
TOO_MANY: Final = 429


# A text of these values in a language, by what draws it.
Drawn = Callable[[str, Mapping[str, Any], Callable[[], str]], str]


class EventStream(StreamingResponse):
    """Server-sent events; it closes what it reads from at its end. It is counted among `streams`, and refused where these are
    full."""

    media_type = "text/event-stream"

    def __init__(self, parts: AsyncGenerator[bytes, None], streams: Streams) -> None:
        # The last header keeps nginx from collecting events before it hands them on.
        super().__init__(parts, headers=HEADERS | {"X-Accel-Buffering": "no"})
        self._parts = parts
        self._streams = streams

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._parts):
            if self._streams.are_full:
                await Response("too many streams are open", TOO_MANY, HEADERS)(scope, receive, send)
            else:
                with self._streams.opened():
                    await super().__call__(scope, receive, send)


class PageStream(EventStream):
    def __init__(
        self,
        request: Request,
        log_in: LogIn,
        template: str,
        moments: AsyncGenerator[Mapping[str, Any], None],
        streams: Streams,
        drawn: Drawn | None = None,
    ) -> None:
        """`drawn` draws once for all readers of what is the same for each of them."""
        super().__init__(_drawn(request, log_in, template, moments, drawn or _each_for_itself), streams)


def _each_for_itself(_: str, __: Mapping[str, Any], draw: Callable[[], str]) -> str:
    return draw()


async def _drawn(
    request: Request,
    log_in: LogIn,
    template: str,
    moments: AsyncGenerator[Mapping[str, Any], None],
    drawn: Drawn,
) -> AsyncGenerator[bytes, None]:
    """The template at each moment, for as long as the log-in is good."""
    yield f"retry: {RETRY_MS}\n\n".encode()
    look_at = time.monotonic() + LOOK_EVERY_S
    try:
        async with aclosing(moments):
            async for values in moments:
                if time.monotonic() > look_at:
                    look_at = time.monotonic() + LOOK_EVERY_S
                    await look_again(log_in)
                if log_in_of(request) is not log_in or not log_in.may_operate:
                    return
                draw = partial(render, request, template, csrf=log_in.csrf, **values)
                lines = drawn(language_of(request), values, draw).splitlines()
                yield b"".join(f"data: {line}\n".encode() for line in lines) + b"\n"
    except LoggedOut:
        # The answer has begun: the browser connects again, and is led to the log-in.
        console(request).log_ins.forget(request.cookies.get(LOG_IN_COOKIE))
