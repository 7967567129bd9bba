"""The answers that stand in for the services' are such as these give."""

from datetime import date
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from ordercast.services.order_api.dead_letters.schemas import WholeDeadLetterAnswer
from ordercast.services.predictor.demand_answers import PairDemand
from ordercast.services.predictor.forecast_schemas import ForecastsAnswer, OneForecastAnswer, ProductsAnswer
from ordercast.services.predictor.model_schemas import ModelAnswer
from tests.support.console_letters import letter
from tests.support.console_predictions import VERSIONS
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
