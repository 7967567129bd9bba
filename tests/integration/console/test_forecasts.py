"""Forecasts of products: the list, its file, and a product's page."""

from typing import Any

from tests.integration.console.test_log_in import log_in, reading
from tests.support.console_predictions import Predictions
from tests.support.console_services import Shop, console_of


async def test_products_are_listed_by_what_is_expected_with_interval_curve_and_stock(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in()
        await reader.page.click("nav >> text=Forecasts")
        first = await reader.page.inner_text("tbody tr:first-child")
        for told in ("Mug with a <cat>", "P-1", "400", "100", "0–200", "521"):
            assert told in first
        assert "As of 2026-11-26 09:30:00 UTC" in await reader.page.inner_text("main")
        assert await reader.page.locator("svg.curve").count() == 20
        await reader.picture("forecasts")
        await reader.page.click("text=Next products")
        assert "Teapot number 21" in await reader.page.inner_text("tbody tr:first-child")
        assert reader.problems == []


async def test_by_keyboard_a_product_is_found_and_opened_with_its_past_forecasts(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in(at="/forecasts")
        await reader.tab_to("[name=search]")
        await reader.page.keyboard.type("number 7")
        await reader.page.keyboard.press("Enter")
        await reader.page.wait_for_url("**search=number+7**")
        assert await reader.page.locator("tbody tr").count() == 1
        await reader.press("tbody a")
        await reader.page.wait_for_url("**/forecasts/7**")
        await reader.page.get_by_text("lie within their interval of 90%").wait_for()
        text = await reader.page.inner_text("main")
        assert "so also from these weeks" in text
        assert "12.50 EUR" in text
        await reader.page.locator(".plot canvas").nth(1).wait_for()
        await reader.picture("forecast-of-a-product")
        assert await reader.violations() == []
        assert reader.problems == []


async def test_the_names_of_a_page_are_asked_for_once() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        shop.paths.clear()
        page = await http.get("/forecasts")
        assert "Teapot number 20" in page.text
        assert [path for path in shop.paths if "products" in path] == [
            "/predictor/forecasts/products",
            "/order_api/products",
        ]


async def test_all_products_come_as_one_file() -> None:
    async with reading(Shop(predictions=Predictions(products=4_500))) as http:
        await log_in(http, "olga")
        answer = await http.get("/forecasts/table.csv?weeks=2&service_level=0.9")
        assert answer.headers["content-disposition"] == 'attachment; filename="forecasts.csv"'
        lines = answer.text.splitlines()
        assert lines[0] == "product_id,sku,expected"
        assert [line.partition(",")[0] for line in lines[1:]] == [str(number) for number in range(1, 4_501)]


async def test_a_file_that_cannot_be_begun_is_a_page_that_says_why() -> None:
    async with reading(Shop(predictions=Predictions(demand=False))) as http:
        await log_in(http, "olga")
        answer = await http.get("/forecasts/table.csv")
        assert answer.status_code == 503
        assert "ordercast train --recipe demand" in answer.text


async def test_empty_states_say_what_to_do(open_reader: Any) -> None:
    async with console_of(Shop(predictions=Predictions(products=0))) as address:
        reader = await open_reader(address)
        await reader.log_in(at="/forecasts")
        assert "ordercast sample" in await reader.page.inner_text("main")
        await reader.picture("forecasts-empty")
        await reader.page.goto(f"{address}/forecasts?search=nothing")
        assert "No product has this" in await reader.page.inner_text("main")
        assert await reader.violations() == []


async def test_without_the_predictor_the_rest_is_shown() -> None:
    async with reading(Shop(), away=("predictor",)) as http:
        await log_in(http, "olga")
        for path in ("/forecasts", "/forecasts/3"):
            answer = await http.get(path)
            assert answer.status_code == 503
            assert "ordercast restart predictor" in answer.text
        assert "Teapot number 3" in answer.text


async def test_a_product_that_is_not_there_is_told() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        answer = await http.get("/forecasts/999")
        assert "There is no product 999" in answer.text
        assert (await http.get("/forecasts?weeks=9")).status_code == 422
