"""A port of its own for who keeps a service: what /metrics and /readyz tell is nothing for its clients."""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from ordercast.services.shared.http.problem import of_status

KEPT_FROM_CLIENTS: Final = frozenset({"/metrics", "/readyz"})
# /healthz says nothing but that the process is alive.
OPERATIONS: Final = KEPT_FROM_CLIENTS | {"/healthz"}


class OperationsPort:
    """ASGI middleware around an app that is served on two ports: on `port` what is in `OPERATIONS` alone, on the other the rest."""

    def __init__(self, app: ASGIApp, port: int) -> None:
        self._app = app
        self._port = port

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and not self._belongs(scope["path"], scope["server"][1]):
            await of_status(404, None, None).response()(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _belongs(self, path: str, port: int) -> bool:
        return path in OPERATIONS if port == self._port else path not in KEPT_FROM_CLIENTS
