"""A pair's row with its days, how fresh it is and why, and whether it is right."""

from typing import Any

import pytest

from tests.integration.console.test_log_in import csrf_in, log_in, reading
from tests.support.console_pairs import Pairs, difference
from tests.support.console_predictions import Predictions
from tests.support.console_services import Shop, console_of


async def test_by_keyboard_a_pair_is_found_by_its_names_and_verified(open_reader: Any) -> None:
    shop = Shop(metrics={"feature_worker": 'ordercast_worker_lag_seconds{topic="orders",partition="0"} 2.5\n'})
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in()
        page = reader.page
        await page.click("nav >> text=Features")
        await reader.picture("features-empty")
        await page.fill("[name=account_search]", "anna")
        await page.fill("[name=product_search]", "P-1")
        await page.keyboard.press("Enter")
        await page.get_by_text("Which product?").wait_for()
        await page.fill("[name=product_search]", "with a <cat>")
        await page.keyboard.press("Enter")
        await page.locator("#days").wait_for()
        text = await page.inner_text("main")
        for told in (
            "anna · Mug with a <cat>",
            "1,204",
            "90 s before",
            "2.5 s",
            "days with an order of the pair",
            "The newest 60",
            "1,250",
        ):
            assert told in text
        await reader.picture("features")
        assert await reader.violations() == []
        await reader.press("text=Verify this pair now")
        await page.get_by_text("No difference").wait_for()
        assert shop.pairs.verified == [(12, 1)]
        assert "12,345 records" in await page.inner_text("[role=status]")
        await reader.picture("features-verified")
        assert await reader.violations() == []
        assert reader.problems == []


async def verified(pairs: Pairs) -> Any:
    async with reading(Shop(pairs=pairs)) as http:
        await log_in(http, "olga")
        csrf = csrf_in((await http.get("/features?account=12&product=1")).text)
        return await http.post("/features", data={"csrf": csrf, "account": "12", "product": "1"})


async def test_differences_and_what_to_do_are_told() -> None:
    found = [difference("view_count", "40", "41"), difference(None, "a row", None)]
    answer = await verified(Pairs(differences=found, left_out="too many"))
    for told in ("2 differences", "view_count", "41", "ordercast features rebuild", "Views were not compared"):
        assert told in answer.text


async def test_where_it_cannot_be_verified_the_row_is_shown_all_the_same() -> None:
    answer = await verified(Pairs(refuse="Kafka is away"))
    assert answer.status_code == 503
    assert "Kafka is away" in answer.text
    assert "1,204" in answer.text


@pytest.mark.parametrize("name", ["olga", "carl"])
async def test_nothing_is_verified_without_the_form_s_token_or_for_a_customer(name: str) -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, name)
        csrf = csrf_in((await http.get("/")).text) if name == "carl" else "made up"
        answer = await http.post("/features", data={"csrf": csrf, "account": "12", "product": "1"})
        assert answer.status_code == 403
        assert shop.pairs.verified == []


async def test_with_nothing_there_or_a_service_away_the_page_says_what_to_do() -> None:
    path = "/features?account=12&product=1"
    async with reading(Shop(pairs=Pairs(row=None))) as http:
        await log_in(http, "olga")
        assert "neither ordered nor viewed" in (await http.get(path)).text
        assert "No account has this" in (await http.get("/features?account_search=zoe")).text
    async with reading(Shop(), away=("predictor", "feature_worker")) as http:
        await log_in(http, "olga")
        answer = await http.get(path)
        assert "ordercast restart predictor" in answer.text
        assert "1,204" in answer.text
    async with reading(Shop(predictions=Predictions(demand=False))) as http:
        await log_in(http, "olga")
        assert "ordercast train --recipe demand" in (await http.get(path)).text
