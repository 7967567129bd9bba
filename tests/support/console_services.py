"""The services as the console sees them, in one small app: what they answer is set by the test."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
from starlette.applications import Starlette
from starlette.middleware.base import BaseHTTPMiddleware, RequestResponseEndpoint
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from ordercast.services.console.app import console_app
from ordercast.services.console.settings import ConsoleSettings
from tests.support.console_answers import TOO_FEW, page_of, problem
from tests.support.console_feed import ConsoleFeed
from tests.support.console_imports import Imported
from tests.support.console_journey import Way
from tests.support.console_letters import Letters
from tests.support.console_pairs import Pairs
from tests.support.console_predictions import Predictions
from tests.support.console_records import OPERATOR_ID, Records
from tests.support.console_shop import Storefront
from tests.support.on_a_port import on_a_port

PASSWORD: Final = "a password for the console"
SERVICES: Final = ("order_api", "relay", "feature_worker", "trainer", "predictor")
# Nothing listens there.
NOBODY: Final = "http://127.0.0.1:1"
VERSION: Final = "20261101-demand"


def figures(orders: int, pieces: int) -> dict[str, Any]:
    return {
        "orders": orders,
        "order_lines": orders,
        "quantity": pieces,
        "cancelled_quantity": 0,
        "net_quantity": pieces,
        "views": 10 * orders,
        "conversion": 0.1,
    }


@dataclass
class Shop:
    """`orders` of each day, the last one today's; without a `model` none of demand is served."""

    orders: list[int] = field(default_factory=lambda: [31, 28, 40, 35, 52, 60, 44, 33, 36, 41, 39, 58, 66, 21])
    model: bool = True
    failing: dict[str, dict[str, str]] = field(default_factory=dict)
    metrics: dict[str, str] = field(default_factory=dict)
    training: dict[str, Any] | None = None
    predictions: Predictions = field(default_factory=Predictions)
    way: Way = field(default_factory=Way)
    storefront: Storefront = field(default_factory=Storefront)
    imported: Imported = field(default_factory=Imported)
    feed: ConsoleFeed = field(default_factory=ConsoleFeed)
    pairs: Pairs = field(default_factory=Pairs)
    letters: Letters = field(default_factory=Letters)
    records: Records = field(default_factory=Records)
    # Of a refresh each token is good once.
    good_tokens: set[str] = field(default_factory=set)
    logged_out: list[str] = field(default_factory=list)
    issued: int = 0
    # Who is not among them is a customer.
    roles: dict[str, str] = field(default_factory=lambda: {"olga": "OPERATOR", "adam": "ADMIN"})
    # Services that from now on refuse all that their routes would answer; and which ones were asked for more than how they are.
    down: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)
    # The path of each request, in the order in which they came.
    paths: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.predictions.sold = self.storefront.of
        self.records.etag_of = lambda kind: getattr(self.predictions, f"{kind}_etag")

    def app(self) -> Starlette:
        routes = [
            Route("/order_api/auth/token", self.token, methods=["POST"]),
            Route("/order_api/auth/refresh", self.refresh, methods=["POST"]),
            Route("/order_api/auth/log-out", self.log_out, methods=["POST"]),
            Route("/order_api/accounts/me", self.me),
            Route("/order_api/trends", self.trends),
            Route("/predictor/models/current", self.current_model),
            Route("/predictor/models/{version}/live", self.live),
            Route("/trainer/trainings", self.trainings, methods=["GET"]),
            *self.predictions.routes(),
            Route("/order_api/orders", self.list_orders, methods=["GET"]),
            Route("/order_api/orders/{order_id}", self.order, methods=["GET"]),
            Route("/order_api/products/{product_id:int}/reviews", self.list_reviews, methods=["GET"]),
            *self.way.routes(),
            *self.imported.routes(),
            *self.storefront.routes(),
            *self.letters.routes(),
            *self.pairs.routes(),
            Route("/order_api/events", self.feed.stream),
            *self.records.routes(self._role),
            Route("/{service}/readyz", self.readyz),
            Route("/{service}/metrics", self.read_metrics),
        ]
        app = Starlette(routes=routes)
        app.add_middleware(BaseHTTPMiddleware, dispatch=self._unless_down)
        return app

    async def _unless_down(self, request: Request, answer: RequestResponseEndpoint) -> Response:
        service, _, path = request.url.path.removeprefix("/").partition("/")
        if path not in ("readyz", "metrics"):
            self.asked.add(service)
            self.paths.append(request.url.path)
        return PlainTextResponse("gone", 502) if service in self.down else await answer(request)

    @property
    def all_orders(self) -> list[dict[str, Any]]:
        """The one that is on its way, those that were placed here, and those that there were before."""
        return [*self.way.listed(), *self.storefront.orders.values(), *self.records.orders]

    async def list_orders(self, request: Request) -> Response:
        return self.records.answer_orders(self.all_orders, request)

    async def order(self, request: Request) -> Response:
        wanted = request.path_params["order_id"]
        found = next((one for one in self.all_orders if one["id"] == wanted), None)
        return JSONResponse(found) if found else problem(404, "order-not-found", "There is no such order")

    async def list_reviews(self, request: Request) -> Response:
        """The shop asks as nobody."""
        lists = self.storefront if self._name(request) is None else self.records
        return await lists.list_reviews(request)

    async def token(self, request: Request) -> Response:
        form = await request.form()
        name, _, domain = str(form["username"]).partition("@")
        if form["password"] != PASSWORD or domain != "shop.example":
            return problem(401, "invalid-credentials", "Email or password is wrong")
        return self._grant(name)

    async def refresh(self, request: Request) -> Response:
        given = (await request.json())["refresh_token"]
        if given not in self.good_tokens:
            return problem(401, "invalid-refresh-token", "The refresh token is not good")
        self.good_tokens.remove(given)
        return self._grant(given.partition("-")[0])

    async def log_out(self, request: Request) -> Response:
        given = (await request.json())["refresh_token"]
        self.good_tokens.discard(given)
        self.logged_out.append(given)
        return Response(status_code=204)

    def _grant(self, name: str) -> Response:
        self.issued += 1
        refresh_token = f"{name}-{self.issued}"
        self.good_tokens |= {refresh_token, f"access-{refresh_token}"}
        return JSONResponse(
            {
                "access_token": f"access-{refresh_token}",
                "refresh_token": refresh_token,
                "token_type": "bearer",
                "expires_in": 900,
            }
        )

    def _name(self, request: Request) -> str | None:
        token = request.headers.get("authorization", "").removeprefix("Bearer ")
        return token.split("-")[1] if token in self.good_tokens else None

    async def me(self, request: Request) -> Response:
        name = self._name(request)
        if name is None:
            return problem(401, "invalid-token", "The token is not good")
        known = {"id": OPERATOR_ID, "email": f"{name}@shop.example", "nickname": name, "login_type": "PASSWORD"}
        return JSONResponse(known | {"role": self._role(request)})

    def _role(self, request: Request) -> str:
        return self.roles.get(self._name(request) or "", "CUSTOMER")

    async def trends(self, request: Request) -> Response:
        if self._name(request) is None:
            return problem(401, "invalid-token", "The token is not good")
        last = date.fromisoformat(request.query_params["to"])
        first = date.fromisoformat(request.query_params["from"])
        # A third of each day's lies before any time of it.
        part = 3 if "until" in request.query_params else 1
        today = datetime.now(UTC).date()
        days = [
            {"date": str(today - timedelta(days=ago)), **figures(orders // part, 3 * (orders // part))}
            for ago, orders in enumerate(reversed(self.orders))
            if orders and first <= today - timedelta(days=ago) <= last
        ]
        products = [("MUG-1", "Mug with a <cat>"), ("TEA-4", "녹차 100 g"), ("POT-2", "Teapot")] if days else []
        top = [
            {"product_id": number, "sku": sku, "name": name, **figures(40 - number, 90 - 20 * number)}
            for number, (sku, name) in enumerate(products, 1)
        ]
        return JSONResponse({"tz": "UTC", "days": days, "top_products": top})

    async def current_model(self, request: Request) -> Response:
        if not self.model:
            return problem(503, "no-model", "No model is served yet")
        return JSONResponse(
            {
                "version": VERSION,
                "recipe": request.query_params.get("recipe", "demand"),
                "members": 10,
                "trained_at": datetime(2026, 11, 1, 4, 0, tzinfo=UTC).isoformat(),
                "loaded_at": datetime(2026, 11, 1, 4, 5, tzinfo=UTC).isoformat(),
                "rows": 120_345,
                "metrics": {"until": "2026-11-01"},
                "pinned": True,
            }
        )

    async def live(self, request: Request) -> Response:
        errors = {"deviance": 1.2, "mae": 0.84, "said_over_sold": 1.02}
        return JSONResponse(
            {
                "version": request.path_params["version"],
                "ended": 4_210,
                "open": 1_022,
                "first_day": "2026-11-02",
                "last_day": "2026-11-20",
                "sold": 5_400.0,
                "model": errors,
                "naive": errors | {"mae": 1.1},
                "held_out_model": errors | {"mae": 0.8},
                "held_out_naive": errors | {"mae": 1.0, "said_over_sold": None},
                "orders": {"order_probability": 0.07, "order_share": 0.066, "brier": 0.0571},
                "held_out_brier": 0.0565,
                "intervals": 4_210,
                "coverage": 0.913,
                "long_intervals": 1_310,
                "shorter_coverage": 0.871,
                "judgement": TOO_FEW,
                "because": [msgspec.to_builtins(TOO_FEW.because)],
                "as_of": "2026-11-21T08:00:00Z",
            }
        )

    async def trainings(self, request: Request) -> Response:
        return page_of([self.training] if self.training else self.predictions.trainings, request, "id")

    async def readyz(self, request: Request) -> Response:
        failing = self.failing.get(request.path_params["service"], {})
        checks = {"database": "ok", **failing}
        return JSONResponse(
            {"status": "unavailable" if failing else "ready", "checks": checks}, 503 if failing else 200
        )

    async def read_metrics(self, request: Request) -> Response:
        return PlainTextResponse(self.metrics.get(request.path_params["service"], ""))


def failed_training(error: str) -> dict[str, Any]:
    return {
        "id": str(UUID(int=1)),
        "recipe": "demand",
        "members": 10,
        "epochs": 30,
        "batch_size": 256,
        "seed": 1,
        "status": "failed",
        "progress": {"epoch": 3, "epochs": 30},
        "error": error,
    }


@asynccontextmanager
async def console_of(shop: Shop, *, away: tuple[str, ...] = (), **settings: Any) -> AsyncIterator[str]:
    """The address of a console whose services are those of the shop; nobody answers for those that are `away`."""
    async with on_a_port(shop.app()) as services:
        urls = {f"{name}_url": NOBODY if name in away else f"{services}/{name}" for name in SERVICES}
        async with on_a_port(console_app(ConsoleSettings(**(urls | settings)))) as address:
            yield address
