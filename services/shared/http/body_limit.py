"""Refuses bodies that are too large before they are in memory.

FastAPI has a limit of its own (`max_body_size`), but answers a too large Content-Length in plain text, which no exception
handler sees.
"""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ordercast.services.shared.http.problem import CONTENT_TOO_LARGE, Problem


class BodyLimit:
    """ASGI middleware: 413 for a body over `limit` bytes; `by_path` has other limits, None for a body of any length."""

    def __init__(self, app: ASGIApp, limit: int, by_path: Mapping[str, int | None]) -> None:
        self._app = app
        self._limit = limit
        self._by_path = by_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        limit = self._by_path.get(scope["path"], self._limit) if scope["type"] == "http" else None
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
            await problem.response()(scope, receive, send)


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


def _detail(limit: int) -> str:
    return f"at most {limit} bytes are accepted here"
