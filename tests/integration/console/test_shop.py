"""The storefront: sign up, look, put into the cart, order once, review."""

import asyncio
import re
from typing import Any

import httpx

from tests.integration.console.test_log_in import csrf_in, log_in, reading
from tests.support.console_predictions import Predictions
from tests.support.console_services import PASSWORD, Shop, console_of
from tests.support.console_shop import Storefront, order
from tests.support.forms_in_page import forms_in


async def test_by_keyboard_alone_somebody_signs_up_finds_a_product_and_orders_it(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        page, press = reader.page, reader.page.keyboard.press
        await page.goto(f"{address}/shop/sign-up")
        await reader.picture("shop-sign-up")
        assert await reader.violations() == []
        # How long it has to be is said before it is refused, and is read aloud with the field.
        described = await page.locator("#password").get_attribute("aria-describedby")
        assert "15 to 128 characters" in await page.inner_text(f"#{described}")
        await reader.tab_to("#email")
        for text in ("carl@shop.example", "carl", PASSWORD):
            await page.keyboard.type(text)
            await press("Tab")
        await press("Enter")
        await page.wait_for_url("**/shop")
        assert shop.storefront.signed_up[0]["nickname"] == "carl"
        await reader.picture("shop")
        await reader.tab_to("[name=search]")
        await page.keyboard.type("cat")
        await press("Enter")
        await page.wait_for_url("**search=cat")
        await reader.press("text=Mug with a <cat>")
        await page.wait_for_url("**/shop/products/1")
        await reader.picture("shop-product")
        await reader.tab_to("[name=quantity]")
        await press("Control+A")
        await page.keyboard.type("3")
        await press("Enter")
        await page.wait_for_url("**/shop/cart")
        assert shop.storefront.views == [
            {"product_id": 1, "count": 1, "kind": "view"},
            {"product_id": 1, "count": 1, "kind": "cart"},
        ]
        assert re.search(r"Total\s+37.50 EUR", await page.inner_text("main"))
        await reader.picture("shop-cart")
        assert await reader.violations() == []
        await reader.tab_to("[name=quantity]")
        await press("Tab")
        await press("Tab")
        assert await page.evaluate("document.activeElement.textContent") == "Order"
        await press("Enter")
        await page.wait_for_url("**/shop/orders/**")
        assert "Thank you" in await page.inner_text("h1")
        assert "waits for the shop" in await page.inner_text("main")
        await reader.picture("shop-order")
        assert await reader.violations() == []
        [placed] = shop.storefront.orders.values()
        assert [(one["product_id"], one["quantity"]) for one in placed["items"]] == [(1, 3)]
        await page.click("nav >> text=My orders")
        assert "37.50 EUR" in await page.inner_text("main")
        assert "Cart (0)" in await page.inner_text("nav")
        assert reader.problems == []


async def test_without_a_script_the_same_is_done(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address, java_script_enabled=False)
        page = reader.page
        await page.goto(f"{address}/shop/products/2")
        await page.click("text=Put into the cart")
        await page.click("main >> text=Log in to order")
        await page.fill("#email", "carl@shop.example")
        await page.fill("#password", PASSWORD)
        await page.click("button.main")
        await page.wait_for_url("**/shop/cart")
        await page.click("button.main")
        assert "Thank you" in await page.inner_text("h1")
        assert len(shop.storefront.orders) == 1
        # Nobody was logged in when it went into the cart.
        assert shop.storefront.views == []


async def ready_to_order(http: httpx.AsyncClient, product: int = 1, quantity: str = "2") -> dict[str, Any]:
    """The form of a cart with that."""
    page = (await http.get(f"/shop/products/{product}")).text
    key = re.search(r'name="key" value="([^"]+)"', page)
    assert key
    form = {"csrf": csrf_in(page), "key": key[1], "quantity": quantity}
    assert (await http.post(f"/shop/products/{product}/cart", data=form)).status_code == 303
    return form_of((await http.get("/shop/cart")).text)


def form_of(page: str) -> dict[str, Any]:
    found: dict[str, Any] = {"csrf": csrf_in(page)}
    for name in ("product", "price", "quantity"):
        found[name] = re.findall(rf'name="{name}"[^>]* value="([^"]*)"', page)
    return found


async def test_pieces_that_were_taken_back_are_not_counted() -> None:
    placed = order(1, [{"product_id": 1, "quantity": 5}, {"product_id": 2, "quantity": 4}])
    placed["items"][0]["cancelled_quantity"] = 2
    async with reading(Shop(storefront=Storefront(orders={"key": placed}))) as http:
        await log_in(http, "carl")
        orders = (await http.get("/shop/orders")).text
        assert ">7</td>" in orders
        assert "sums are as ordered" in orders
        assert "what was cancelled is in them" in (await http.get(f"/shop/orders/{placed['id']}")).text


async def test_a_double_click_orders_once() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "carl")
        form = await ready_to_order(http)
        cart = {"cookie": "; ".join(f"{name}={value}" for name, value in http.cookies.items())}
        answers = await asyncio.gather(*(http.post("/shop/orders", data=form, headers=cart) for _ in range(2)))
        assert len({answer.headers["location"] for answer in answers}) == 1
        assert len(shop.storefront.orders) == 1
        late = await http.post("/shop/orders", data=form)
        assert late.headers["location"] == answers[0].headers["location"]
        assert "The cart is empty" in (await http.get("/shop/cart")).text
        await http.post("/shop/orders", data=await ready_to_order(http))
        assert len(shop.storefront.orders) == 2


async def test_another_price_is_told_before_anything_is_ordered() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "carl")
        form = await ready_to_order(http)
        shop.storefront.prices[1] = "14.00"
        answer = await http.post("/shop/orders", data=form | {"quantity": "5"})
        assert answer.status_code == 409
        assert "a price is another one now" in answer.text
        assert "now 14.00 EUR" in answer.text
        assert "70.00 EUR" in answer.text
        assert shop.storefront.orders == {}
        again = form_of(answer.text)
        assert again["quantity"] == ["5"]
        assert (await http.post("/shop/orders", data=again)).status_code == 303
        assert len(shop.storefront.orders) == 1


async def test_only_what_the_page_showed_is_ordered_where_another_tab_changed_the_cart() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "carl")
        await ready_to_order(http, 1)
        both = await ready_to_order(http, 2)
        await http.post("/shop/cart", data=both | {"quantity": ["0", "2"]})
        for shown in (
            both,
            {name: values[:1] if isinstance(values, list) else values for name, values in both.items()},
        ):
            answer = await http.post("/shop/orders", data=shown)
            assert answer.status_code == 409
            assert "the cart holds other products now" in answer.text
        assert shop.storefront.orders == {}
        assert (await http.post("/shop/orders", data=form_of(answer.text))).status_code == 303
        assert len(shop.storefront.orders) == 1


async def test_what_is_not_sold_is_told_and_taken_out() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "carl")
        await ready_to_order(http, 1)
        form = await ready_to_order(http, 2, "7")
        shop.storefront.inactive.add(1)
        answer = await http.post("/shop/orders", data=form)
        assert answer.status_code == 409
        assert "not sold at present" in answer.text
        assert form_of(answer.text)["quantity"] == ["2", "7"]
        assert shop.storefront.orders == {}
        rest = form_of(answer.text) | {"quantity": ["0", "7"]}
        assert (await http.post("/shop/orders", data=rest)).status_code == 303
        product = (await http.get("/shop/products/1")).text
        assert "It is not sold at present." in product
        assert "Put into the cart" not in product


async def test_without_an_answer_the_cart_stays_and_the_same_order_goes_out_again() -> None:
    shop = Shop(storefront=Storefront(silent=True))
    async with reading(shop) as http:
        await log_in(http, "carl")
        answer = await http.post("/shop/orders", data=await ready_to_order(http, quantity="4"))
        assert "it is not known whether it was ordered" in answer.text
        assert answer.status_code == 503
        shop.storefront.silent = False
        assert (await http.post("/shop/orders", data=form_of(answer.text))).status_code == 303
        assert len(shop.storefront.orders) == 1


async def test_what_order_api_refuses_is_told_and_the_pieces_stay() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "carl")
        form = await ready_to_order(http)
        shop.storefront.refuse = "An order has one currency"
        answer = await http.post("/shop/orders", data=form | {"quantity": "9"})
        assert answer.status_code == 422
        assert "Nothing was ordered: An order has one currency" in answer.text
        assert form_of(answer.text)["quantity"] == ["9"]


async def test_with_order_api_away_the_cart_is_kept_and_the_pages_say_so() -> None:
    async with reading(Shop()) as http:
        await ready_to_order(http)
        cart = dict(http.cookies)
    async with reading(Shop(), away=("order_api",)) as http:
        http.cookies.update(cart)
        for path in ("/shop", "/shop/products/1", "/shop/cart"):
            answer = await http.get(path)
            assert "order_api did not" in answer.text, path
        assert form_of(answer.text)["quantity"] == ["2"]
        form = {
            "csrf": csrf_in(answer.text),
            "email": "new@shop.example",
            "nickname": "new",
            "password": "secret words",
        }
        answer = await http.post("/shop/sign-up", data=form)
        assert answer.status_code == 503
        assert 'value="new@shop.example"' in answer.text
        assert "secret words" not in answer.text


async def test_a_quantity_that_is_none_stays_to_be_corrected() -> None:
    async with reading(Shop()) as http:
        form = await ready_to_order(http)
        for wrong in ("many", "-1", "1000001", "²"):
            answer = await http.post("/shop/cart", data=form | {"quantity": wrong})
            assert answer.status_code == 422
            assert form_of(answer.text)["quantity"] == [wrong]
            assert 'aria-invalid="true"' in answer.text
        page = (await http.get("/shop/products/1")).text
        answer = await http.post(
            "/shop/products/1/cart", data={"csrf": csrf_in(page), "key": "k" * 16, "quantity": "0"}
        )
        assert (answer.status_code, form_of(answer.text)["quantity"]) == (422, ["0"])
        await http.post("/shop/cart", data=form | {"quantity": "0"})
        assert "The cart is empty" in (await http.get("/shop/cart")).text


async def test_reviews_are_written_by_who_ordered_and_refusals_keep_the_text() -> None:
    shop = Shop(storefront=Storefront(refuse="Order the product first"))
    async with reading(shop) as http:
        await log_in(http, "carl")
        page = await http.get("/shop/products/1")
        assert "That you looked at it was not counted" in page.text
        form = {"csrf": csrf_in(page.text), "rating": "4", "text": "Does not drip <b>\r\nand is blue"}
        answer = await http.post("/shop/products/1/reviews", data=form)
        assert answer.status_code == 403
        assert "Order the product first" in answer.text
        assert "Does not drip &lt;b&gt;" in answer.text
        assert "<option selected>4</option>" in answer.text
        shop.storefront.refuse = None
        answer = await http.post("/shop/products/1/reviews", data=form)
        page = await http.get(answer.headers["location"])
        assert "4 of 5" in page.text
        assert shop.storefront.reviews[0]["text"] == "Does not drip <b>\nand is blue"
        # There is one of an account: it is changed where it was written.
        [own] = [form for form in forms_in(page.text, "/shop/products/1") if form.action.endswith("/reviews#reviews")]
        assert "Change the review" in page.text
        answer = await http.post(own.action, data=dict(own.typing("text", "It drips after all")) | {"rating": "2"})
        assert answer.status_code == 303
        assert [(one["rating"], one["text"]) for one in shop.storefront.reviews] == [(2, "It drips after all")]
        assert shop.storefront.views == []


async def test_one_s_own_review_is_found_behind_many_and_written_anew_where_it_was_taken_down() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "carl")
        form = {"csrf": csrf_in((await http.get("/shop/products/1")).text), "rating": "4", "text": "Does not drip"}
        await http.post("/shop/products/1/reviews", data=form)
        [own] = shop.storefront.reviews
        shop.storefront.reviews += [
            own | {"id": number, "account_id": 99, "text": "It drips"} for number in range(2, 152)
        ]
        for asked in ("", "?reviews_after=20"):
            page = (await http.get(f"/shop/products/1{asked}")).text
            [change] = [one for one in forms_in(page, "/shop/products/1") if one.action.endswith("/reviews#reviews")]
            assert "Change the review" in page
        shop.storefront.reviews.remove(own)
        sent = dict(change.typing("text", "It drips after all"))
        refused = await http.post(change.action, data=sent)
        assert refused.status_code == 404
        assert "It drips after all" in refused.text
        [anew] = [one for one in forms_in(refused.text, "/shop/products/1") if one.action.endswith("/reviews#reviews")]
        answer = await http.post(anew.action, data=dict(anew.emptied) | {"text": sent["text"]})
        assert answer.status_code == 303
        assert shop.storefront.reviews[-1]["text"] == "It drips after all"


async def test_what_order_api_says_of_a_new_account_is_told() -> None:
    shop = Shop(storefront=Storefront(refuse="The password is too short"))
    async with reading(shop) as http:
        form = {
            "csrf": csrf_in((await http.get("/shop/sign-up")).text),
            "email": "a@b.example",
            "nickname": "나",
            "password": "x",
        }
        answer = await http.post("/shop/sign-up", data=form)
        assert answer.status_code == 422
        assert "The password is too short" in answer.text
        assert "15 to 128 characters" in answer.text
        assert 'value="나"' in answer.text


async def test_each_act_of_the_shop_wants_the_form_s_token() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "carl")
        form = await ready_to_order(http) | {"csrf": "made up", "key": "k" * 16, "text": "x"}
        for path in (
            "/shop/orders",
            "/shop/cart",
            "/shop/products/1/cart",
            "/shop/products/1/reviews",
        ):
            assert (await http.post(path, data=form | {"quantity": "1"})).status_code == 403
        assert (shop.storefront.orders, shop.storefront.reviews, shop.storefront.signed_up) == ({}, [], [])


async def test_customers_see_the_shop_alone_and_strangers_are_asked_to_log_in() -> None:
    async with reading(Shop()) as http:
        answer = await http.get("/shop/orders")
        assert answer.headers["location"] == "/shop/log-in?after=%2Fshop%2Forders"
        await log_in(http, "carl")
        assert "/shop" in (await http.get("/")).text
        page = (await http.get("/shop")).text
        assert "/trainings" not in page
        out = await http.post("/log-out", data={"csrf": csrf_in(page), "after": "/shop"})
        assert out.headers["location"] == "/shop"


async def test_products_page_on_and_an_empty_shop_says_what_to_do() -> None:
    async with reading(Shop(predictions=Predictions(products=30))) as http:
        first = await http.get("/shop?search=teapot")
        following = re.search(r'href="([^"]+)" rel="next"', first.text)
        assert following
        second = await http.get(following[1].replace("&amp;", "&"))
        shown = [set(re.findall(r"/shop/products/(\d+)", page.text)) for page in (first, second)]
        # Of the 29 that are called so, one is not for sale.
        assert (len(shown[0]), len(shown[1]), shown[0] & shown[1]) == (24, 4, set())
        assert "Nothing that is sold" in (await http.get("/shop?search=zzz")).text
    async with reading(Shop(predictions=Predictions(products=0))) as http:
        assert "ordercast import products" in (await http.get("/shop")).text


async def test_a_cookie_that_is_no_cart_is_an_empty_one() -> None:
    async with reading(Shop()) as http:
        for text in ("x", "~~~", "a" * 16 + "~1-0-1EUR", "a" * 16 + "~99999999999999999999-1-1EUR"):
            answer = await http.get("/shop/cart", headers={"cookie": f"ordercast_console_cart={text}"})
            assert "The cart is empty" in answer.text


async def test_another_s_order_is_not_shown_as_an_own_one_to_who_may_read_it() -> None:
    another = order(78, [{"product_id": 1, "quantity": 3}]) | {"account_id": 12}
    shop = Shop(
        storefront=Storefront(orders={"own": order(77, [{"product_id": 1, "quantity": 3}]), "another": another})
    )
    async with reading(shop) as http:
        await log_in(http, "olga")
        found = [await http.get(f"/shop/orders/{one['id']}") for one in shop.storefront.orders.values()]
        assert [answer.status_code for answer in found] == [200, 404]
        assert "There is no such order" in found[1].text
