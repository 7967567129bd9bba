"""Keeps what an answer says to one caller out of caches, those of browsers, too."""

from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_NO_STORE: Final = (b"cache-control", b"no-store")


class NoStore:
    """ASGI middleware: `Cache-Control: no-store` on the answer to whoever sends a token, unless the route says otherwise."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not any(name == b"authorization" for name, _ in scope["headers"]):
            await self._app(scope, receive, send)
            return

        async def send_not_to_be_stored(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.setdefault("headers", [])
                if not any(name == b"cache-control" for name, _ in headers):
                    message["headers"] = [*headers, _NO_STORE]
            await send(message)

        await self._app(scope, receive, send_not_to_be_stored)
