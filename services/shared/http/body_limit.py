"""Refuses bodies that are too large before they are in memory, and reads on behind a refusal.

A client that is still sending when its connection is closed sees a reset in place of the answer. So of a body that is refused, for
whatever reason, the rest is read and dropped first, as far as that is bearable.

FastAPI has a limit of its own (`max_body_size`), but answers a too large Content-Length in plain text, which no exception
handler sees.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ordercast.contracts.because import Sentence, sentence
from ordercast.services.shared.http.problem import Problem, answer_to
from ordercast.services.shared.problem_types.every_service import CONTENT_TOO_LARGE

# What is read on of a refused body: bytes, eight times the largest limit; and seconds, before the sender's own patience ends.
_DISCARDED_BYTES: Final = 64 * 1_048_576
_DISCARDING_S: Final = 10.0
_REFUSED: Final = 400  # statuses from here on


class BodyLimit:
    """ASGI middleware: 413 for a body over `limit` bytes; `by_path` has other limits, None for a body of any length.

    A path is one alone, or the first part ("/accounts") of all below it that have none of their own.
    """

    def __init__(self, app: ASGIApp, limit: int, by_path: Mapping[str, int | None]) -> None:
        self._app = app
        self._limit = limit
        self._by_path = by_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        body = _Body(scope, receive)
        await self._limited(scope, body.receive, body.read_before(send))

    async def _limited(self, scope: Scope, receive: Receive, send: Send) -> None:
        path: str = scope["path"]
        of_part = self._by_path.get("/" + path.split("/", 2)[1], self._limit) if self._by_path else self._limit
        limit = self._by_path.get(path, of_part)
        if limit is None:
            await self._app(scope, receive, send)
            return
        length = _content_length(scope)
        if length is None:
            # Sent in chunks: the length shows only on the way.
            await self._app(scope, _counting(receive, limit), send)
        elif length <= limit:
            # The server itself never hands on more than the length that was announced.
            await self._app(scope, receive, send)
        else:
            # The rest of the body would have to be read to use the connection again.
            problem = Problem(CONTENT_TOO_LARGE, _detail(limit), headers={"Connection": "close"})
            await answer_to(scope, problem)(scope, receive, send)


class _Body:
    """A request's body, of which it is known whether it was read to its end."""

    def __init__(self, scope: Scope, receive: Receive) -> None:
        self._receive = receive
        # The server asks for such a body when it is read; a refused one need not come at all.
        self._waits_to_be_asked = any(name == b"expect" for name, _ in scope["headers"])
        self._ended = False

    async def receive(self) -> Message:
        self._waits_to_be_asked = False
        message = await self._receive()
        self._ended = not message.get("more_body", False)
        return message

    def read_before(self, send: Send) -> Send:
        async def send_after_the_body(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] >= _REFUSED:
                await self._discard()
            await send(message)

        return send_after_the_body

    async def _discard(self) -> None:
        if self._waits_to_be_asked:
            return
        left = _DISCARDED_BYTES
        try:
            async with asyncio.timeout(_DISCARDING_S):
                while left > 0 and not self._ended:
                    left -= len((await self.receive()).get("body", b""))
        except TimeoutError:
            return  # too slow: it may see the reset


def _content_length(scope: Scope) -> int | None:
    for name, value in scope["headers"]:
        if name == b"content-length" and value.isdigit():
            return int(value)
    return None


def _counting(receive: Receive, limit: int) -> Receive:
    taken = 0

    async def receive_counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        if taken > limit:
            # The one exception that FastAPI lets through while it reads a body.
            raise HTTPException(CONTENT_TOO_LARGE.status, _detail(limit), {"Connection": "close"})
        return message

    return receive_counted


def _detail(limit: int) -> Sentence:
    return sentence("too-many-bytes", most=str(limit))
