"""Products: found, opened, added and changed; reviews are taken down after asking."""

import html
import json
import re
from datetime import timedelta
from typing import Any

import pytest

from tests.integration.console.test_log_in import csrf_in, log_in, reading
from tests.support.console_answers import NOW
from tests.support.console_predictions import Predictions
from tests.support.console_records import Records
from tests.support.console_services import Shop, console_of

TYPED = {"name": "Mug, blue", "sku": "P-1", "price": "13.00", "currency": "eur", "active": "true"}


def hidden_in(page: str, name: str = "known") -> str:
    """Of what a form was made: its ETag, or its values `before`."""
    match = re.search(rf'name="{name}" value="([^"]+)"', page)
    assert match, page
    return html.unescape(match[1])


async def test_products_are_found_and_paged(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in()
        await reader.page.click("nav >> text=Products")
        text = await reader.page.inner_text("main")
        for told in ("Mug with a <cat>", "P-1", "12.50 EUR", "not on sale", "As of "):
            assert told in text
        assert await reader.page.locator("tbody tr").count() == 25
        await reader.picture("products")
        assert await reader.violations() == []
        await reader.page.click("text=Next page")
        assert "Teapot number 26" in await reader.page.inner_text("tbody tr:first-child")
        await reader.page.fill("[name=search]", "cat")
        await reader.page.keyboard.press("Enter")
        await reader.page.wait_for_url("**search=cat**")
        assert await reader.page.locator("tbody tr").count() == 1
        await reader.page.goto(f"{address}/products?search=&active=false")
        assert await reader.page.locator("tbody tr").count() == 1
        assert reader.problems == []


async def test_a_product_has_its_data_sales_stock_prices_and_reviews(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in(at="/products/1")
        text = await reader.page.inner_text("main")
        for told in (
            "Mug with a <cat>",
            "P-1",
            "12.50 EUR",
            "11.00 EUR",
            "1,752 pieces",
            "521 pieces",
            "is <not> too heavy",
        ):
            assert told in text
        assert await reader.page.get_attribute("text=Its forecast, week by week", "href") == "/forecasts/1"
        await reader.picture("product")
        assert await reader.violations() == []
        await reader.page.click("text=Earlier reviews")
        assert "Number 14" in await reader.page.inner_text("#reviews + .calls")
        assert reader.problems == []


async def test_by_keyboard_a_product_is_changed_and_only_what_was_changed_is_sent(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in(at="/products/1")
        await reader.press("text=Change…")
        await reader.page.wait_for_url("**/edit")
        await reader.picture("product-edit")
        assert await reader.violations() == []
        await reader.page.fill("#price", "13.00")
        await reader.page.keyboard.press("Enter")
        await reader.page.wait_for_url("**/products/1")
        assert shop.records.done == [("change product", (1, {"price": "13.00"}))]
        assert reader.problems == []


async def test_what_somebody_else_changed_meanwhile_is_told_and_not_overwritten() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        asked = await http.get("/products/1/edit")
        form = TYPED | {"csrf": csrf_in(asked.text), "known": hidden_in(asked.text)}
        shop.predictions.products_changed_at = NOW + timedelta(seconds=1)
        answer = await http.post("/products/1/edit", data=form)
        assert answer.status_code == 412
        assert "somebody else changed it meanwhile" in answer.text
        assert "It is now: Mug with a" in answer.text
        assert 'value="13.00"' in answer.text
        assert shop.records.done == []
        assert hidden_in(answer.text) != form["known"]
        again = form | {"known": hidden_in(answer.text)}
        assert (await http.post("/products/1/edit", data=again)).status_code == 303
        assert shop.records.done == [("change product", (1, {"name": "Mug, blue", "price": "13.00"}))]


async def test_after_another_s_change_the_form_keeps_what_was_typed_alone() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        asked = (await http.get("/products/1/edit")).text
        form = {name: hidden_in(asked, name) for name in ("csrf", "known", "before")}
        untouched = json.loads(form["before"])
        assert untouched["name"] == "Mug with a <cat>"
        before = untouched | {"name": "Mug, as it was called", "active": True}
        form |= {"before": json.dumps(before), "active": "true"}
        form |= {name: before[name] for name in ("sku", "name", "currency")} | {"price": "13.00"}
        shop.predictions.products_changed_at = NOW + timedelta(seconds=1)
        answer = (await http.post("/products/1/edit", data=form)).text
        assert 'value="13.00"' in answer
        assert 'value="Mug with a &lt;cat&gt;"' in answer
        assert "as it was called" not in answer


async def test_what_was_typed_stays_beside_what_is_wrong_with_it(open_reader: Any) -> None:
    wrong = {"price": 'must be a string such as "12.50"'}
    shop = Shop(records=Records(refuse=(422, "Invalid request"), wrong=wrong))
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in(at="/products")
        await reader.page.click("text=Add a product")
        for name in ("name", "sku", "currency"):
            await reader.page.fill(f"#{name}", TYPED[name])
        await reader.page.fill("#price", "a lot")
        await reader.page.click("button.main")
        assert "must be a string such as" in await reader.page.inner_text("#price-wrong")
        assert await reader.page.input_value("#price") == "a lot"
        assert await reader.page.input_value("#name") == "Mug, blue"
        await reader.picture("product-new-refused")
        assert await reader.violations() == []
        shop.records.refuse = None
        await reader.page.fill("#price", "13.00")
        await reader.page.uncheck("[name=active]")
        await reader.page.click("button.main")
        await reader.page.wait_for_url("**/products/5")
        whole = {"name": "Mug, blue", "sku": "P-1", "price": "13.00", "currency": "EUR", "active": False}
        assert shop.records.done == [("add product", whole)]


async def test_a_review_is_taken_down_after_asking() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        asked = await http.get("/products/1/reviews/24/remove")
        assert "pours well" in asked.text
        assert shop.records.done == []
        answer = await http.post("/products/1/reviews/24/remove", data={"csrf": csrf_in(asked.text)})
        assert (answer.status_code, answer.headers["location"]) == (303, "/products/1#reviews")
        assert shop.records.done == [("take down", (1, 24))]
        shop.records.reviews = []
        assert "has no review 24" in (await http.get("/products/1/reviews/24/remove")).text
        assert "Nobody has reviewed it yet" in (await http.get("/products/1")).text


@pytest.mark.parametrize("path", ["/products/new", "/products/1/edit", "/products/1/reviews/24/remove"])
@pytest.mark.parametrize("name", ["olga", "carl"])
async def test_nothing_is_done_without_the_form_s_token_or_for_a_customer(path: str, name: str) -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, name)
        csrf = csrf_in((await http.get("/")).text) if name == "carl" else "made up"
        answer = await http.post(path, data=TYPED | {"csrf": csrf})
        assert answer.status_code == 403
        assert shop.records.done == []


async def test_empty_states_say_what_to_do(open_reader: Any) -> None:
    async with console_of(Shop(predictions=Predictions(products=0))) as address:
        reader = await open_reader(address)
        await reader.log_in(at="/products")
        assert "ordercast sample" in await reader.page.inner_text("main")
        await reader.picture("products-empty")
        assert await reader.violations() == []
        await reader.page.goto(f"{address}/products?search=nothing")
        assert "No product is such a one" in await reader.page.inner_text("main")


async def test_without_a_model_or_the_predictor_the_rest_of_a_product_is_shown() -> None:
    async with reading(Shop(predictions=Predictions(demand=False))) as http:
        await log_in(http, "olga")
        answer = await http.get("/products/1")
        assert "ordercast train --recipe demand" in answer.text
        assert "11.00 EUR" in answer.text
        assert "There is no product 999" in (await http.get("/products/999")).text
    async with reading(Shop(), away=("predictor",)) as http:
        await log_in(http, "olga")
        answer = await http.get("/products/1")
        assert "ordercast restart predictor" in answer.text
        assert "11.00 EUR" in answer.text
