"""A page's parts as they change: server-sent events, each with HTML that the server drew. One stream a page: browsers have six
connections for all pages of a place."""

import time
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

from fastapi import Request
from fastapi.responses import StreamingResponse

from ordercast.services.console.errors import LoggedOut
from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.pages import HEADERS, log_in_of, render
from ordercast.services.console.parts import ask

# How long (ms) a browser waits before it connects again.
RETRY_MS: Final = 2_000
# Between two looks (s) whether the account's tokens are still good: an operator may no longer be one.
LOOK_EVERY_S: Final = 30.0


class PageStream(StreamingResponse):
    media_type = "text/event-stream"

    def __init__(
        self, request: Request, log_in: LogIn, template: str, moments: AsyncIterator[Mapping[str, Any]]
    ) -> None:
        # The last header keeps nginx from collecting events before it hands them on.
        super().__init__(_drawn(request, log_in, template, moments), headers={**HEADERS, "X-Accel-Buffering": "no"})


async def _drawn(
    request: Request, log_in: LogIn, template: str, moments: AsyncIterator[Mapping[str, Any]]
) -> AsyncIterator[bytes]:
    """The template at each moment, for as long as the log-in is good."""
    yield f"retry: {RETRY_MS}\n\n".encode()
    look_at = time.monotonic() + LOOK_EVERY_S
    async for values in moments:
        if time.monotonic() > look_at:
            look_at = time.monotonic() + LOOK_EVERY_S
            if not await _is_good(log_in):
                return
        if log_in_of(request) is not log_in:
            return
        lines = render(request, template, csrf=log_in.csrf, **values).splitlines()
        yield b"".join(f"data: {line}\n".encode() for line in lines) + b"\n"


async def _is_good(log_in: LogIn) -> bool:
    """A service that does not answer says nothing against it."""
    try:
        await ask("order_api", log_in.client.order_api.me())
    except LoggedOut:
        return False
    return True
