"""The page of predictions: whom, what, why, and the curve over views."""

from typing import Any

from tests.integration.console.test_log_in import log_in, reading
from tests.support.console_predictions import Predictions
from tests.support.console_services import Shop, console_of


async def test_by_keyboard_an_account_and_a_product_are_found_and_answered_with_reasons(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in()
        await reader.page.click("nav >> text=Predict")
        await reader.tab_to("[name=account_search]")
        await reader.page.keyboard.type("home.example")
        await reader.page.keyboard.press("Tab")
        await reader.page.keyboard.type("cat")
        await reader.page.keyboard.press("Enter")
        await reader.page.wait_for_url("**account_search=home.example**")
        assert "Which account?" in await reader.page.inner_text("main")
        # Of those to choose from one is a stop of the Tab key.
        await reader.press("input[name=account]", "ArrowDown")
        await reader.page.keyboard.press("Enter")
        await reader.page.wait_for_url("**account=12**")
        text = await reader.page.inner_text("main")
        for told in (
            "73.4%",
            "3.08 pieces",
            "0–9 pieces",
            "days with an order of the pair",
            "+0.91",
            "-0.25",
            # Not log(1 + days), 5.0.
            "147",
            "the next 28 days",
        ):
            assert told in text
        assert "/predictions/12/1" in await reader.page.inner_html("main")
        await reader.picture("predict")
        assert await reader.violations() == []
        assert reader.problems == []


async def test_the_slider_tells_the_members_answer_where_it_stands(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in(at="/predict?account=12&product=1")
        await reader.page.locator("#by-views canvas").wait_for()
        assert "This account has 40 views" in await reader.page.inner_text("main")
        slider = reader.page.locator("#views")
        assert await slider.input_value() == "40"
        await slider.press("End")
        told = {name: await reader.page.inner_text(f"[data-told={name}]") for name in ("views", "quantity", "least")}
        assert told == {"views": "100", "quantity": "1.10", "least": "0.65"}
        await reader.page.select_option("[name=up_to]", "10000")
        await slider.press("Enter")
        await reader.page.click("form[action='/predict'] button:not(.main)")
        await reader.page.wait_for_url("**up_to=10000**")
        assert await reader.page.locator("#views").get_attribute("max") == "10000"
        assert reader.problems == []


async def test_without_demand_baseline_answers_and_without_any_model_the_page_says_what_to_do() -> None:
    async with reading(Shop(predictions=Predictions(demand=False))) as http:
        await log_in(http, "olga")
        answer = await http.get("/predict?account=11&product=1")
        assert "Expected after 40 views" in answer.text
        assert "ordercast train --recipe demand" in answer.text
    async with reading(Shop(predictions=Predictions(demand=False, baseline=False))) as http:
        await log_in(http, "olga")
        assert "ordercast train --recipe baseline" in (await http.get("/predict")).text


async def test_beside_a_baseline_that_is_worse_than_the_mean_this_is_said() -> None:
    for quality, told in (("worse than the mean", "do not act on it"), ("no better than the mean", "say little here")):
        async with reading(Shop(predictions=Predictions(quality=quality))) as http:
            await log_in(http, "olga")
            assert told in (await http.get("/predict")).text
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        assert "answering the mean for everybody" not in (await http.get("/predict")).text


async def test_nobody_found_and_a_service_away_are_told() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        answer = await http.get("/predict?account_search=zz&product_search=zz")
        assert "No account has this" in answer.text
        assert "No product has this" in answer.text
    async with reading(Shop(), away=("predictor",)) as http:
        await log_in(http, "olga")
        answer = await http.get("/predict?account=11&product=1")
        assert answer.status_code == 503
        assert "ann · Mug with a &lt;cat&gt;" in answer.text
        assert "ordercast restart predictor" in answer.text
