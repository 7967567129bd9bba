"""The frame of every service's HTTP side: error answers, health, metrics, documentation, body limit, lifespan.

A service brings its wiring (one async context manager that opens and closes all it uses), its routers and its problem table.
What the wiring yields is at `request.app.state.service`:

    def order_api(request: Request) -> OrderApi:
        return request.app.state.service

Routes declare full paths (routers have no prefix) and the type of their answer: FastAPI then serialises it in one step.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import cache, partial
from importlib.metadata import version
from typing import Final, Protocol

from fastapi import APIRouter, Depends, FastAPI, Request
from fastapi.routing import APIRoute
from fastapi.telemetry import TelemetryConfig
from starlette.middleware import Middleware
from starlette.middleware.cors import CORSMiddleware

from ordercast.services.shared.http.access import ACCESS, Access, Operation
from ordercast.services.shared.http.body_limit import BodyLimit
from ordercast.services.shared.http.docs import add_docs
from ordercast.services.shared.http.handlers import add_problem_handlers
from ordercast.services.shared.http.health import Check
from ordercast.services.shared.http.health import router as health_router
from ordercast.services.shared.http.no_store import NoStore
from ordercast.services.shared.http.observe import Observe
from ordercast.services.shared.http.openapi import document
from ordercast.services.shared.http.problem import ProblemPage, ProblemTable
from ordercast.services.shared.http.problem_pages import router as problem_pages
from ordercast.services.shared.http.query_parameters import refuse_unknown_parameters
from ordercast.services.shared.http.rate_limits import RateLimit, RateLimits
from ordercast.services.shared.http.requests import refuse_ambiguous_body

# An order of 2,000 lines takes about 100 kB.
MAX_BODY_BYTES: Final = 1_048_576

# What a page of another origin may send and see.
_CORS_HEADERS: Final = (
    "Authorization",
    "Content-Type",
    "Content-Encoding",
    "Idempotency-Key",
    "If-Match",
    "Last-Event-ID",
)
_CORS_EXPOSED: Final = (
    "ETag",
    "Location",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "Idempotency-Replayed",
    "WWW-Authenticate",
)
# `Observe` makes the spans and the metrics.
_NO_TELEMETRY_BY_FASTAPI: Final = TelemetryConfig(tracing=False, metrics=False, logs=False, auto_configure=False)

_INCLUDED: Final[dict[tuple[int, ...], APIRouter]] = {}


class Service(Protocol):
    """What a wiring yields, as far as the frame looks at it. Routes that ask for a caller also need what
    `credentials.ChecksCallers` says."""

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
    rate_limits: Sequence[RateLimit] = (),
    access: Mapping[Operation, Access] = ACCESS,
    cors_origins: Sequence[str] = (),
    token_url: str | None = None,
    documented: bool = True,
    has_database: bool = True,
    problem_page: ProblemPage | None = None,
) -> FastAPI:
    """An app with all that services have in common.

    `body_limits` are limits (bytes; None: any length) for single paths in place of `max_body_bytes`, `rate_limits` how often a
    caller may ask, `access` says who may do what. Pages of the `cors_origins` may use the API from a
    browser. /docs logs in at the `token_url`, if there is one; pages for people are not `documented`, and have a `problem_page` for
    what is answered before a route or in place of one. Without a database nothing is loaded that knows one.
    """
    table = problems or {}

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
        openapi_url="/openapi.json" if documented else None,
        redoc_url=None,
        # A redirected POST loses its body or its token in many clients: a wrong path is a 404.
        redirect_slashes=False,
        middleware=[
            # Outermost: an error that `Observe` answers has to be readable, too.
            *_cors(cors_origins),
            Middleware(NoStore),
            Middleware(Observe),
            # Before the limits of rate: of a body that is refused the rest is read, so that its sender sees the answer.
            Middleware(BodyLimit, limit=max_body_bytes, by_path=body_limits or {}),
            *([Middleware(RateLimits, limits=rate_limits)] if rate_limits else []),
        ],
        telemetry=_NO_TELEMETRY_BY_FASTAPI,
    )
    app.state.access = access
    app.state.problem_page = problem_page
    # Last: what is asked for most is to be found first.
    routers = [*routers, problem_pages]
    routes, health = _routes(*routers), _routes(health_router)
    add_problem_handlers(app, table, [*routes, *health])
    if has_database:
        from ordercast.services.shared.http.missing_database import answer_for_missing_database

        answer_for_missing_database(app)
    app.router.routes.extend(_included(routers).routes)
    app.include_router(health_router)
    if documented:
        # FastAPI's way to change its document. Made once, at the first request for it.
        app.openapi = cache(partial(document, app, routes, health, table, token_url, rate_limits, access))  # type: ignore[method-assign]
        add_docs(app)
    return app


def _included(routers: Sequence[APIRouter]) -> APIRouter:
    """The routers in one, which all apps of this process share that have the same (tests make hundreds of apps): where a route is
    included, FastAPI looks into its parameters once more, which takes 70 ms for all of order_api's."""
    # By identity: they cannot be hashed. What is made of them keeps them, so that no other router gets their numbers.
    key = tuple(map(id, routers))
    if key not in _INCLUDED:
        together = APIRouter()
        for router in routers:
            together.include_router(router, dependencies=[Depends(_refuse_what_is_ambiguous)])
        _INCLUDED[key] = together
    return _INCLUDED[key]


async def _refuse_what_is_ambiguous(request: Request) -> None:
    """One dependency for both: FastAPI takes 20 to 50 us for each, far longer than either takes itself."""
    await refuse_unknown_parameters(request)
    await refuse_ambiguous_body(request)


def _routes(*routers: APIRouter) -> list[APIRoute]:
    return [route for router in routers for route in router.routes if isinstance(route, APIRoute)]


def _cors(origins: Sequence[str]) -> list[Middleware]:
    if not origins:
        return []
    return [
        Middleware(
            CORSMiddleware,
            allow_origins=list(origins),
            allow_methods=["*"],
            allow_headers=_CORS_HEADERS,
            expose_headers=_CORS_EXPOSED,
        )
    ]
