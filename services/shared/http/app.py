"""The frame of every service's HTTP side: error answers, health, metrics, documentation, body limit, lifespan.

A service brings its wiring (one async context manager that opens and closes all it uses), its routers and its problem table.
What the wiring yields is at `request.app.state.service`:

    def order_api(request: Request) -> OrderApi:
        return request.app.state.service

Routes declare full paths (routers have no prefix) and the type of their answer: FastAPI then serialises it in one step.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from importlib.metadata import version
from typing import Any, Final, Protocol

from fastapi import APIRouter, Depends, FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware

from ordercast.services.shared.http.body_limit import BodyLimit
from ordercast.services.shared.http.docs import add_docs
from ordercast.services.shared.http.handlers import add_problem_handlers
from ordercast.services.shared.http.health import Check
from ordercast.services.shared.http.health import router as health_router
from ordercast.services.shared.http.observe import Observe
from ordercast.services.shared.http.problem import PROBLEM_JSON, ProblemTable
from ordercast.services.shared.http.query_parameters import refuse_unknown_parameters

# An order of 2,000 lines takes about 100 kB.
MAX_BODY_BYTES: Final = 1_048_576

PROBLEM_SCHEMA: Final[dict[str, Any]] = {
    "type": "object",
    "required": ["type", "title", "status"],
    "properties": {
        "type": {"type": "string", "examples": ["/problems/invalid-request"]},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
# Every route's errors look the same; this also takes the place of FastAPI's own description of a 422.
_ERROR_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    "default": {"description": "Problem details (RFC 9457)", "content": {PROBLEM_JSON: {"schema": PROBLEM_SCHEMA}}}
}
# `Observe` makes the spans and the metrics.
_NO_TELEMETRY_BY_FASTAPI: Final = TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False)


class Service(Protocol):
    """What a wiring yields, as far as the frame looks at it. Routes that ask for a caller also need `verifier`
    (a `TokenVerifier`)."""

    @property
    def checks(self) -> Mapping[str, Check]:
        """The parts that /readyz asks after, by name."""
        ...


def create_app(
    *,
    title: str,
    wiring: Callable[[], AbstractAsyncContextManager[Service]],
    routers: Sequence[APIRouter] = (),
    problems: ProblemTable | None = None,
    max_body_bytes: int = MAX_BODY_BYTES,
    body_limits: Mapping[str, int | None] | None = None,
) -> FastAPI:
    """An app with all that services have in common.

    `body_limits` are limits (bytes; None: any length) for single paths in place of `max_body_bytes`.
    """

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with wiring() as service:
            app.state.service = service
            yield

    app = FastAPI(
        title=title,
        version=version("ordercast"),
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        # A redirected POST loses its body or its token in many clients: a wrong path is a 404.
        redirect_slashes=False,
        responses=_ERROR_RESPONSES,
        middleware=[
            Middleware(Observe),
            Middleware(BodyLimit, limit=max_body_bytes, by_path=body_limits or {}),
        ],
        telemetry=_NO_TELEMETRY_BY_FASTAPI,
    )
    add_problem_handlers(app, problems or {})
    for router in routers:
        app.include_router(router, dependencies=[Depends(refuse_unknown_parameters)])
    app.include_router(health_router)
    add_docs(app)
    return app
