"""A page answers as what it shows: what is not there with 404, and what a service did not bring with its failure."""

from typing import Final
from uuid import UUID

import pytest

from tests.integration.console.test_all_pages import shop
from tests.integration.console.test_log_in import csrf_in, log_in, reading
from tests.support.console_predictions import Predictions
from tests.support.console_services import Shop

# Nothing has these numbers.
NONE: Final = 999_999
UNKNOWN: Final = (
    f"/forecasts/{NONE}",
    f"/predict?account=12&product={NONE}",
    f"/predict?account={NONE}&product=1",
    f"/features?account=12&product={NONE}",
    f"/features?account={NONE}&product=1",
    f"/accounts/13/keys/{NONE}/revoke",
    # It is another account's.
    "/accounts/11/keys/1/revoke",
    f"/products/{NONE}",
    f"/orders/{UUID(int=NONE)}",
    f"/accounts/{NONE}",
)
# The lists for which pages are, and the service that has them.
LISTS: Final = {
    "/orders": "order_api",
    "/products": "order_api",
    "/accounts": "order_api",
    "/dead-letters": "order_api",
    "/journey": "order_api",
    "/predict?account=12&product=1": "order_api",
    "/features?account=12&product=1": "order_api",
    "/shop": "order_api",
    "/forecasts": "predictor",
    "/forecasts/1": "predictor",
    "/models": "predictor",
    "/trainings": "trainer",
}


@pytest.mark.parametrize("path", UNKNOWN)
async def test_what_is_not_there_is_not_found(path: str) -> None:
    async with reading(shop()) as http:
        await log_in(http, "adam")
        answer = await http.get(path)
        assert answer.status_code == 404
        assert "did not bring this" in answer.text
        assert "<button" not in answer.text.partition("<main")[2] or path.startswith(
            ("/predict", "/features", "/forec")
        )


@pytest.mark.parametrize(("path", "service"), LISTS.items())
async def test_a_page_without_its_main_list_is_a_failure(path: str, service: str) -> None:
    told = shop()
    async with reading(told) as http:
        await log_in(http, "adam")
        assert (await http.get(path)).status_code == 200
        told.down = {service}
        assert (await http.get(path)).status_code == 502


async def test_that_no_model_is_served_yet_is_no_failure() -> None:
    empty = Predictions(products=0, accounts=[], models=[], demand=False, baseline=False, counted=None)
    async with reading(Shop(model=False, predictions=empty)) as http:
        await log_in(http, "olga")
        assert (await http.get("/forecasts")).status_code == 200


async def test_a_nickname_that_was_mistyped_is_refused() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "adam")
        form = {"csrf": csrf_in((await http.get("/accounts/11/erase")).text), "nickname": "nobody"}
        assert (await http.post("/accounts/11/erase", data=form)).status_code == 422
