"""The answers that stand in for the services' are such as these give."""

from datetime import date
from typing import Any

import httpx
import msgspec
import pytest
from pydantic import TypeAdapter

from ordercast.services.order_api.accounts.schemas import AccountAnswer
from ordercast.services.order_api.api_keys.schemas import ApiKeyAnswer
from ordercast.services.order_api.audit.schemas import AuditAnswer
from ordercast.services.order_api.dead_letters.schemas import WholeDeadLetterAnswer
from ordercast.services.order_api.orders.answers import OrderPage
from ordercast.services.order_api.products.schemas import PriceAnswer, ProductAnswer
from ordercast.services.order_api.reviews.schemas import ReviewAnswer
from ordercast.services.predictor.demand_answers import PairDemand
from ordercast.services.predictor.forecast_schemas import ForecastsAnswer, OneForecastAnswer, ProductsAnswer
from ordercast.services.predictor.model_schemas import ModelAnswer
from ordercast.services.shared.http.paging import Page
from tests.support.console_answers import VERSIONS
from tests.support.console_letters import letter
from tests.support.console_records import api_key, audit_line
from tests.support.console_services import Shop
from tests.support.on_a_port import on_a_port


@pytest.mark.parametrize(
    ("method", "path", "body", "kind"),
    [
        ("GET", "/forecasts/products?weeks=4&limit=3&service_level=0.9", None, ForecastsAnswer),
        ("GET", f"/forecasts/products/1?weeks=2&service_level=0.9&as_of={date(2026, 11, 1)}", None, OneForecastAnswer),
        ("POST", "/predictions", {"products": [3, 4], "weeks": 2, "service_level": 0.9}, ProductsAnswer),
        ("GET", "/predictions/11/1", None, PairDemand),
    ],
)
async def test_predictions_are_shaped_as_the_predictor_s(method: str, path: str, body: Any, kind: Any) -> None:
    async with on_a_port(Shop().app()) as address, httpx.AsyncClient(base_url=f"{address}/predictor") as http:
        answer = await http.request(method, path, json=body)
        TypeAdapter(kind).validate_python(answer.json())


def test_versions_are_shaped_as_the_predictor_s() -> None:
    TypeAdapter(list[ModelAnswer]).validate_python(VERSIONS)


def test_dead_letters_are_shaped_as_order_api_s() -> None:
    answer = TypeAdapter(WholeDeadLetterAnswer).validate_python(letter(3))
    assert answer.model_dump(mode="json").keys() == letter(3).keys()


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/products?limit=5", Page[ProductAnswer]),
        ("/products/1", ProductAnswer),
        ("/products/1/prices?limit=5", Page[PriceAnswer]),
        ("/products/1/reviews?limit=5", Page[ReviewAnswer]),
        ("/accounts?limit=5", Page[AccountAnswer]),
        ("/accounts/14", AccountAnswer),
    ],
)
async def test_products_and_accounts_are_shaped_as_order_api_s(path: str, kind: Any) -> None:
    async with on_a_port(Shop().app()) as address, httpx.AsyncClient(base_url=f"{address}/order_api") as http:
        TypeAdapter(kind).validate_python((await http.get(path)).json())


async def test_orders_keys_and_the_audit_log_are_shaped_as_order_api_s() -> None:
    async with on_a_port(Shop().app()) as address, httpx.AsyncClient(base_url=f"{address}/order_api") as http:
        msgspec.json.decode((await http.get("/orders?limit=50")).content, type=OrderPage)
    TypeAdapter(ApiKeyAnswer).validate_python(api_key(1))
    TypeAdapter(AuditAnswer).validate_python(audit_line(1, "log-in"))
