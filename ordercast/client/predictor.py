"""The predictor as a client sees it: predictions, feature rows, model versions."""

from collections.abc import AsyncIterator, Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, TypeVar

import httpx
import msgspec

from ordercast.client.demand_answers import (
    AccountDemand,
    Forecasts,
    OneForecast,
    PairDemand,
    PairsDemand,
    ProductForecasts,
)
from ordercast.client.live_answers import Drift, LiveAccuracy
from ordercast.client.model_answers import CurrentModel, Features, Model, Prediction, Predictions, Unpinned
from ordercast.client.page import Page
from ordercast.client.request import Request, decode
from ordercast.client.session import Session

# Products of a page of a long table: they take a second.
CSV_PAGE: Final = 2_000

Answer = TypeVar("Answer", Predictions, PairsDemand, ProductForecasts)


@dataclass(frozen=True, slots=True)
class PredictorApi:
    """Each method raises ProblemAnswer where the service refuses (503: no model yet), and ServiceUnreachable where none
    answers."""

    session: Session
    address: str

    async def predict_views(self, view_counts: Iterable[int]) -> Predictions:
        """The predicted quantity for each number of views, up to 10,000 of them."""
        return await self._predict(Predictions, {"view_counts": list(view_counts)})

    async def predict_pairs(self, pairs: Iterable[tuple[int, int]]) -> Predictions:
        """What recipe `baseline` predicts from the views of each (account_id, product_id): own ones, or an admin's."""
        return await self._predict(Predictions, {"pairs": _bodies(pairs), "recipe": "baseline"})

    async def demand_of_pairs(
        self, pairs: Iterable[tuple[int, int]], *, level: float = 0.9, as_of: date | None = None
    ) -> PairsDemand:
        """What recipe `demand` expects of each (account_id, product_id), up to 10,000 of them: own ones, or an admin's."""
        asked = {"recipe": "demand", "level": level} | ({"as_of": as_of.isoformat()} if as_of else {})
        return await self._predict(PairsDemand, {"pairs": _bodies(pairs), **asked})

    async def forecasts_of(
        self,
        product_ids: Iterable[int],
        *,
        weeks: int = 4,
        level: float = 0.9,
        service_level: float = 0.95,
        as_of: date | None = None,
        recent: bool = False,
    ) -> ProductForecasts:
        """The forecasts of these products, up to 5,000 of them, with their last weeks if asked for. Not for customers."""
        asked: dict[str, Any] = {"weeks": weeks, "level": level, "service_level": service_level}
        asked |= {"as_of": as_of.isoformat()} if as_of else {}
        asked |= {"recent": True} if recent else {}
        return await self._predict(ProductForecasts, {"products": list(product_ids), **asked})

    async def predict(self, account_id: int, product_id: int) -> Prediction:
        """What recipe `baseline` predicts from the account's views of the product."""
        address, params = f"{self.address}/predictions/{account_id}/{product_id}", {"recipe": "baseline"}
        request = Request("GET", address, params=params, repeatable=True)
        return await self.session.ask(request, Prediction)

    async def pair(self, account_id: int, product_id: int) -> Prediction | PairDemand:
        """By recipe `demand` if a version of it is served, else by `baseline`."""
        address = f"{self.address}/predictions/{account_id}/{product_id}"
        answer = await self.session.send(Request("GET", address, repeatable=True))
        by_demand = "recipe" in msgspec.json.decode(answer.content)
        found: Prediction | PairDemand = decode(answer, PairDemand if by_demand else Prediction)
        return found

    async def demand(
        self, account_id: int, product_id: int, *, level: float = 0.9, as_of: date | None = None
    ) -> PairDemand:
        """What recipe `demand` expects an account to order of a product, as known at the end of `as_of`, or now."""
        params = {"recipe": "demand", "level": level} | ({"as_of": as_of.isoformat()} if as_of else {})
        address = f"{self.address}/predictions/{account_id}/{product_id}"
        return await self.session.ask(Request("GET", address, params=params, repeatable=True), PairDemand)

    async def account_demand(
        self, account_id: int, *, limit: int = 20, level: float = 0.9, as_of: date | None = None
    ) -> AccountDemand:
        """The products that an account will most probably order by the recipe `demand`, out of those that it has touched."""
        params = {"limit": limit, "level": level} | ({"as_of": as_of.isoformat()} if as_of else {})
        address = f"{self.address}/predictions/accounts/{account_id}"  # which every ingress leads to the predictor
        return await self.session.ask(Request("GET", address, params=params, repeatable=True), AccountDemand)

    async def forecasts(
        self,
        *,
        weeks: int = 4,
        level: float = 0.9,
        service_level: float = 0.95,
        as_of: date | None = None,
        limit: int = 20,
        sort: str = "-expected",
        starting_after: int | None = None,
        recent: bool = False,
        known: bool = False,
    ) -> Forecasts:
        """A page of products' forecasts, those first of which most is expected, with their last weeks if asked for. Not for
        customers.

        Whoever reads all pages takes them by `id`, with an order, a view or a cart (`known`): what is expected changes meanwhile.
        """
        params: dict[str, str | int | float] = {
            "weeks": weeks,
            "level": level,
            "service_level": service_level,
            "limit": limit,
            "sort": sort,
            **({"as_of": as_of.isoformat()} if as_of else {}),
            **({"starting_after": starting_after} if starting_after is not None else {}),
            **({"recent": "true"} if recent else {}),
            **({"known": "true"} if known else {}),
        }
        request = Request("GET", f"{self.address}/forecasts/products", params=params, repeatable=True)
        return await self.session.ask(request, Forecasts)

    async def forecasts_csv(self, *, weeks: int = 4, service_level: float = 0.95) -> AsyncIterator[bytes]:
        """The forecasts of all products with an order, a view or a cart as one table, by id, a page at a time: what is expected
        changes meanwhile. Not for customers."""
        params: dict[str, str | int | float] = {
            "weeks": weeks,
            "service_level": service_level,
            "limit": CSV_PAGE,
            "sort": "id",
            "known": "true",
        }
        headers = {"Accept": "text/csv"}
        while True:
            request = Request("GET", f"{self.address}/forecasts/products", None, headers, params, repeatable=True)
            answer = await self.session.send(request)
            # Each page has the line with the columns' names; the table has it once.
            yield answer.content.partition(b"\n")[2] if "starting_after" in params else answer.content
            following = answer.links.get("next")
            if following is None:
                return
            params["starting_after"] = httpx.URL(following["url"]).params["starting_after"]

    async def forecast(
        self,
        product_id: int,
        *,
        weeks: int = 4,
        level: float = 0.9,
        service_level: float = 0.95,
        as_of: date | None = None,
    ) -> OneForecast:
        """The forecast of one product, with its last weeks. Not for customers."""
        params = {"weeks": weeks, "level": level, "service_level": service_level}
        request = Request(
            "GET",
            f"{self.address}/forecasts/products/{product_id}",
            params=params | ({"as_of": as_of.isoformat()} if as_of else {}),
            repeatable=True,
        )
        return await self.session.ask(request, OneForecast)

    async def features(self, account_id: int, product_id: int) -> Features:
        request = Request("GET", f"{self.address}/features/{account_id}/{product_id}", repeatable=True)
        return await self.session.ask(request, Features)

    async def current_model(self, recipe: str = "baseline") -> CurrentModel:
        """The version of this recipe that answers."""
        params = {"recipe": recipe}
        request = Request("GET", f"{self.address}/models/current", params=params, repeatable=True)
        return await self.session.ask(request, CurrentModel)

    async def models(self, limit: int = 20) -> list[Model]:
        """The newest published versions, the newest first."""
        return (await self.models_page(limit)).data

    async def models_page(self, limit: int = 20, starting_after: str | None = None) -> Page[Model]:
        """The newest published versions, or those before one."""
        params = {"limit": limit, "starting_after": starting_after}
        request = Request("GET", f"{self.address}/models", params=params, repeatable=True)
        return await self.session.ask(request, Page[Model])

    async def model(self, version: str) -> Model:
        return await self.session.ask(Request("GET", f"{self.address}/models/{version}", repeatable=True), Model)

    async def live(self, version: str) -> LiveAccuracy:
        """How the predictions of a version of `demand` have come out. Needs an operator."""
        request = Request("GET", f"{self.address}/models/{version}/live", repeatable=True)
        return await self.session.ask(request, LiveAccuracy)

    async def card(self, version: str, language: str = "en") -> bytes:
        """The card of a version, an HTML page; with the ids of rows of great influence if an admin asks. English, or `ko`."""
        headers = {"Accept-Language": language}
        request = Request("GET", f"{self.address}/models/{version}/card", headers=headers, repeatable=True)
        return (await self.session.send(request)).content

    async def drift(self, version: str) -> Drift:
        """The age of a version of `demand`, and how far today's features lie from those of its training. Needs an operator."""
        return await self.session.ask(Request("GET", f"{self.address}/models/{version}/drift", repeatable=True), Drift)

    async def activate(self, version: str) -> None:
        """Makes the predictors serve `version`, maybe an older one, until it is unpinned. Needs an operator."""
        await self.session.send(Request("POST", f"{self.address}/models/{version}/activate", repeatable=True))

    async def unpin(self, recipe: str = "baseline") -> Unpinned:
        """Makes the predictors serve the latest version of this recipe again. Needs an operator."""
        params = {"recipe": recipe}
        return await self.session.ask(
            Request("DELETE", f"{self.address}/models/pin", params=params, repeatable=True), Unpinned
        )

    async def _predict(self, kind: type[Answer], body: dict[str, Any]) -> Answer:
        headers = {"Content-Type": "application/json"}
        request = Request("POST", f"{self.address}/predictions", msgspec.json.encode(body), headers, repeatable=True)
        return await self.session.ask(request, kind)


def _bodies(pairs: Iterable[tuple[int, int]]) -> list[dict[str, int]]:
    return [{"account_id": account_id, "product_id": product_id} for account_id, product_id in pairs]
