"""The predictor's and the trainer's answers that the console's pages show, before a shop whose state the test sets."""

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from ordercast.client.training_answers import FINISHED
from ordercast.services.predictor.card_words import say_to
from ordercast.services.predictor.model_card import model_card
from ordercast.services.shared.http.paging import ids_of
from tests.support.console_answers import (
    ANN,
    ANNA,
    BACKEND,
    BLOCKED,
    LOOK_S,
    MEMBERS,
    NOW,
    PAST,
    VERSIONS,
    forecast,
    losses,
    manifest,
    page_of,
    problem,
    recent,
    training,
)
from tests.support.demand_versions import demand_version


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@dataclass
class Predictions:
    """`products` by their number; `accounts` to find. `done` is what was asked for: (what, of what)."""

    products: int = 45
    accounts: list[dict[str, Any]] = field(default_factory=lambda: [ANN, ANNA, BACKEND, PAST, BLOCKED])
    models: list[dict[str, Any]] = field(default_factory=lambda: list(VERSIONS))
    trainings: list[dict[str, Any]] = field(default_factory=list)
    # Of each recipe whether a version answers.
    demand: bool = True
    baseline: bool = True
    # Of `baseline`.
    quality: str = "better than the mean"
    # The offset in the topic orders that the feature rows have come to; None: there are no rows.
    counted: int | None = 20
    refuse: str | None = None
    products_changed_at: datetime = NOW
    account_etag: str = '"CUSTOMER."'
    done: list[tuple[str, Any]] = field(default_factory=list)
    # Unset it to keep a training that is asked for waiting.
    may_start: asyncio.Event = field(default_factory=_set)
    asked_to_start: asyncio.Event = field(default_factory=asyncio.Event)
    # A product as it is sold now.
    sold: Callable[[dict[str, Any]], dict[str, Any]] = lambda product: product

    def routes(self) -> list[Route]:
        return [
            Route("/order_api/products", self.find_products),
            Route("/order_api/products/{product_id:int}", self.product),
            Route("/order_api/accounts", self.find_accounts, methods=["GET"]),
            Route("/order_api/accounts/{account_id:int}", self.account),
            Route("/predictor/forecasts/products", self.forecasts),
            Route("/predictor/forecasts/products/{product_id:int}", self.forecast),
            Route("/predictor/predictions", self.predictions, methods=["POST"]),
            Route("/predictor/predictions/{account_id:int}/{product_id:int}", self.pair),
            Route("/predictor/features/{account_id:int}/{product_id:int}", self.features),
            Route("/predictor/models", self.list_models),
            Route("/predictor/models/pin", self.unpin, methods=["DELETE"]),
            Route("/predictor/models/{version}", self.model),
            Route("/predictor/models/{version}/card", self.card),
            Route("/predictor/models/{version}/drift", self.drift),
            Route("/predictor/models/{version}/activate", self.activate, methods=["POST"]),
            Route("/trainer/trainings", self.start, methods=["POST"]),
            Route("/trainer/trainings/{training_id}", self.training, methods=["GET"]),
            Route("/trainer/trainings/{training_id}", self.cancel, methods=["DELETE"]),
            Route("/trainer/trainings/{training_id}/events", self.events),
            Route("/trainer/recipes", self.recipes),
        ]

    def _named(self, product_id: int) -> dict[str, Any]:
        name = "Mug with a <cat>" if product_id == 1 else f"Teapot number {product_id}"
        price = {"price": "12.50", "currency": "EUR", "active": product_id != 3}
        times = {"created_at": NOW.isoformat(), "updated_at": self.products_changed_at.isoformat()}
        return {"id": product_id, "sku": f"P-{product_id}", "name": name, **price, **times}

    async def find_products(self, request: Request) -> Response:
        asked = request.query_params
        search, active, after = (
            asked.get("search", "").casefold(),
            asked.get("active"),
            int(asked.get("starting_after", 0)),
        )
        every = [self.sold(self._named(number)) for number in range(after + 1, self.products + 1)]
        found = [one for one in every if search in f"{one['name']} {one['sku']}".casefold()]
        found = [one for one in found if active in (None, str(one["active"]).lower())]
        if "ids" in asked:
            found = [one for one in found if one["id"] in ids_of(asked["ids"])]
        limit = int(asked["limit"])
        return JSONResponse({"data": found[:limit], "has_more": len(found) > limit})

    async def product(self, request: Request) -> Response:
        number = request.path_params["product_id"]
        if number > self.products:
            return problem(404, "product-not-found", f"There is no product {number}")
        return JSONResponse(self.sold(self._named(number)), headers={"ETag": self.product_etag})

    @property
    def product_etag(self) -> str:
        """Of each product."""
        return f'"{self.products_changed_at.isoformat()}"'

    async def find_accounts(self, request: Request) -> Response:
        asked = request.query_params
        search, after = asked.get("search", "").casefold(), int(asked.get("starting_after", 0))
        found = [one for one in self.accounts if search in f"{one['nickname']} {one['email']}".casefold()]
        found = [one for one in found if one["id"] > after and asked.get("role") in (None, one["role"])]
        if "ids" in asked:
            found = [one for one in found if one["id"] in ids_of(asked["ids"])]
        limit = int(asked["limit"])
        return JSONResponse({"data": found[:limit], "has_more": len(found) > limit})

    async def account(self, request: Request) -> Response:
        found = [one for one in self.accounts if one["id"] == request.path_params["account_id"]]
        if not found:
            return problem(404, "account-not-found", "There is no such account")
        return JSONResponse(found[0], headers={"ETag": self.account_etag})

    def _of_all(self, level: float) -> dict[str, Any]:
        return {
            "level": 0.9,
            "service_level": level,
            "model_version": VERSIONS[0]["version"],
            "better_than": {"naive": 0.2},
            "features_as_of": NOW.isoformat(),
            "as_of": None,
        }

    async def forecasts(self, request: Request) -> Response:
        if not self.demand:
            return problem(503, "no-model", "No model is served yet")
        asked = request.query_params
        first, weeks, limit = datetime.now(UTC).date() + timedelta(days=1), int(asked["weeks"]), int(asked["limit"])
        after = int(asked.get("starting_after", 0))
        numbers = range(after + 1, min(after + limit, self.products) + 1)
        more = after + limit < self.products
        if request.headers.get("accept") == "text/csv":
            # What is expected may change between two pages: a product would be missed, or come twice.
            assert (asked["sort"], asked["known"]) == ("id", "true")
            rows = "".join(f"{number},P-{number},{100 * weeks / number}\r\n" for number in numbers)
            rest = request.url.include_query_params(starting_after=numbers[-1]).query if more else ""
            following = {"Link": f'<?{rest}>; rel="next"'} if more else {}
            return Response(f"product_id,sku,expected\r\n{rows}", headers=following, media_type="text/csv")
        data = [forecast(number, weeks, first) | {"recent": recent(number, first)} for number in numbers]
        return JSONResponse({"data": data, "has_more": more, **self._of_all(float(asked["service_level"]))})

    async def forecast(self, request: Request) -> Response:
        if not self.demand:
            return problem(503, "no-model", "No model is served yet")
        number, asked = request.path_params["product_id"], request.query_params
        today = date.fromisoformat(asked["as_of"]) if "as_of" in asked else datetime.now(UTC).date()
        first = today + timedelta(days=1)
        found = forecast(number, int(asked["weeks"]), first) | {"recent": recent(number, first)}
        more = {"level_a_week": 91.5, "trend": -0.12, **self._of_all(float(asked["service_level"]))}
        return JSONResponse(found | more | {"as_of": asked.get("as_of")})

    async def predictions(self, request: Request) -> Response:
        body = await request.json()
        if "products" in body:
            first = datetime.now(UTC).date() + timedelta(days=1)
            data = [forecast(one, body["weeks"], first) | {"recent": recent(one, first)} for one in body["products"]]
            return JSONResponse({"data": data, **self._of_all(body["service_level"])})
        if not self.baseline:
            return problem(503, "no-model", "No model is served yet")
        data = [self._of_views(views) for views in body["view_counts"]]
        return JSONResponse({"data": data, "model_version": VERSIONS[3]["version"]})

    def _of_views(self, views: int) -> dict[str, Any]:
        quantity = 1 + views / 1_000
        return {
            "view_count": views,
            "quantity": quantity,
            "spread": 0.3,
            "members": [quantity + (member - 4.5) / 10 for member in range(MEMBERS)],
            "model_version": VERSIONS[3]["version"],
            "quality": self.quality,
            "collapsed_members": 0,
        }

    async def pair(self, request: Request) -> Response:
        ids = {name: request.path_params[name] for name in ("account_id", "product_id")}
        if not self.demand:
            if not self.baseline:
                return problem(503, "no-model", "No model is served yet")
            return JSONResponse(self._of_views(40) | ids | {"has_features": True, "features_as_of": NOW.isoformat()})
        reasons = (("pair_orders", 1.6, 0.2, 0.91), ("product_level", 3.1, 2.0, 0.4), ("account_age", 5.0, 4.1, -0.25))
        return JSONResponse(
            {
                **ids,
                "recipe": "demand",
                "horizon_days": 28,
                "order_probability": 0.734,
                "quantity_if_ordered": {"mean": 4.2, "median": 4.0},
                "expected_quantity": 3.08,
                "interval": {"low": 0, "high": 9, "level": 0.9},
                "next_line_quantity": 4.0,
                "better_than": {"naive": 0.2},
                "extrapolates": False,
                "extrapolates_because": [],
                "beyond": [],
                "why": [dict(zip(("feature", "value", "average", "effect"), one, strict=True)) for one in reasons],
                "features": {"pair_orders": 1.6},
                "features_as_of": NOW.isoformat(),
                "features_age_seconds": 1.5,
                "model_version": VERSIONS[0]["version"],
                "as_of": None,
            }
        )

    async def features(self, request: Request) -> Response:
        if self.counted is None:
            return problem(404, "features-not-found", "There is no feature row")
        times = dict.fromkeys(("first_ordered_at", "last_viewed_at", "last_ordered_at"), NOW.isoformat())
        counts = dict.fromkeys(("order_count", "total_quantity", "cancelled_quantity", "views_before_first_order"), 3)
        first = dict.fromkeys(("first_quantity", "first_order_quantity", "first_price"))
        position = {"partition": 3, "orders_offset": self.counted, "views_offset": None}
        told = {"view_count": 40, "position": position, "as_of": (NOW + timedelta(seconds=1)).isoformat()}
        return JSONResponse({**request.path_params, **times, **counts, **first, **told})

    async def list_models(self, request: Request) -> Response:
        return page_of(self.models, request, "version")

    async def model(self, request: Request) -> Response:
        found = next((one for one in self.models if one["version"] == request.path_params["version"]), None)
        if found is None:
            return problem(404, "unknown-model", "There is no such model version")
        return JSONResponse(found | {"manifest": manifest(found["version"], found["recipe"])})

    async def card(self, request: Request) -> Response:
        version, damaged = request.path_params["version"], VERSIONS[2]["version"]
        if version == damaged:
            return problem(409, "model-refused", "The files are gone or damaged")
        say = say_to(request.headers.get("accept-language", ""))
        return Response(model_card(replace(demand_version()[0], version=version), say), media_type="text/html")

    async def drift(self, request: Request) -> Response:
        moved = [{"feature": "pair_orders", "psi": 0.31}, {"feature": "level", "psi": 0.02}]
        version = request.path_params["version"]
        told = {"trained_at": NOW.isoformat(), "age_days": 6.2, "pairs": 8_412, "features": moved}
        return JSONResponse({"version": version} | told)

    def _do(self, what: str, of: object, answer: Any) -> Response:
        if self.refuse:
            return problem(409, "refused", self.refuse)
        self.done.append((what, of))
        return JSONResponse(answer, 202)

    async def activate(self, request: Request) -> Response:
        version = request.path_params["version"]
        return self._do("activate", version, {"version": version, "activated_at": NOW.isoformat(), "announced": True})

    async def unpin(self, request: Request) -> Response:
        answer = {"unpinned": VERSIONS[0]["version"], "version": VERSIONS[0]["version"], "announced": True}
        return self._do("unpin", request.query_params["recipe"], answer)

    async def start(self, request: Request) -> Response:
        self.asked_to_start.set()
        await self.may_start.wait()
        return self._do("start", await request.json(), training(9, "queued"))

    def _training(self, training_id: str) -> dict[str, Any]:
        known = (one for one in self.trainings if one["id"] == training_id)
        return next(known, training(int(UUID(training_id)), "running"))

    async def training(self, request: Request) -> Response:
        return JSONResponse(self._training(request.path_params["training_id"]))

    async def events(self, request: Request) -> Response:
        """As many epochs as the training is behind by then, what is known of its networks, and its end."""
        return StreamingResponse(self._events(request.path_params["training_id"]), media_type="text/event-stream")

    async def _events(self, training_id: str) -> AsyncIterator[str]:
        told = 0
        known: list[Any] = []
        while True:
            found = self._training(training_id)
            while told < found["progress"]["epoch"]:
                told += 1
                data = {"epoch": told, "epochs": found["progress"]["epochs"], "loss": losses(told), "val_loss": []}
                yield f"event: epoch\ndata: {json.dumps(data)}\n\n"
            for networks in found.get("networks") or []:
                if networks not in known:
                    known.append(networks)
                    yield f"event: networks\ndata: {json.dumps(networks)}\n\n"
            if found["status"] in FINISHED:
                yield f"event: ended\ndata: {json.dumps(found)}\n\n"
                return
            await asyncio.sleep(LOOK_S)

    async def cancel(self, request: Request) -> Response:
        return self._do("cancel", request.path_params["training_id"], training(1, "cancelled"))

    async def recipes(self, _: Request) -> Response:
        shared = {"built_in": True, "values": {}, "trainings": 3, "last_asked_at": None}
        data = [{"name": name, "serves": name, **shared} for name in ("baseline", "demand")]
        return JSONResponse({"data": data})
