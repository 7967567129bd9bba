"""What somebody has typed is not lost where it cannot be done."""

from typing import Any

import httpx
import pytest

from tests.integration.console.test_log_in import csrf_in, log_in, reading
from tests.support.console_records import PENDING
from tests.support.console_services import Shop
from tests.support.forms_in_page import forms_in


async def open_form(http: httpx.AsyncClient, path: str) -> str:
    """The token of its page."""
    return csrf_in((await http.get(path)).text)


async def test_a_number_is_taken_as_browsers_take_it() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        form = {"csrf": await open_form(http, "/products/new"), "key": "one", "what": "some"}
        taken = await http.post(f"/orders/{PENDING}/cancel", data={**form, "line": ["1"], "pieces": ["1e0"]})
        assert taken.status_code == 303
        assert shop.records.done[-1][1][1] == {"items": [{"line": 1, "quantity": 1}]}
        assert (await http.get("/orders?account_id=1.2e1&product_id=1.0")).status_code == 200
        assert {"account_id": "12", "product_id": "1"}.items() <= shop.records.asked[-1].items()


async def test_what_is_no_number_is_shown_as_it_was_typed_with_the_way_back() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        csrf = await open_form(http, "/trainings")
        form = {"csrf": csrf, "recipe": "demand", "epochs": "a <lot>"}
        refused = await http.post("/trainings", data=form, headers={"referer": f"{http.base_url}/trainings"})
        assert refused.status_code == 422
        assert "Nothing was done." in refused.text
        assert "a &lt;lot&gt;" in refused.text
        assert 'href="/trainings">Back to the form' in refused.text
        assert csrf not in refused.text


@pytest.mark.parametrize("cookie", ["dropped", "of a log-in that has ended"])
async def test_who_was_logged_out_meanwhile_is_told_that_it_was_not_done_and_sees_what_was_typed(cookie: str) -> None:
    async with reading(Shop()) as http:
        await log_in(http, "carl")
        csrf = await open_form(http, "/shop/products/1")
        http.cookies.clear()
        if cookie == "of a log-in that has ended":
            http.cookies.set("ordercast_console", "some-name")
        form = {"csrf": csrf, "rating": "4", "text": "It keeps <warm>"}
        answer = await http.post(
            "/shop/products/1/reviews", data=form, headers={"referer": f"{http.base_url}/shop/products/1"}
        )
        assert answer.status_code == 403
        assert "what you sent was not done" in answer.text
        assert "It keeps &lt;warm&gt;" in answer.text
        assert 'name="after" value="/shop/products/1"' in answer.text


async def test_the_key_of_a_filter_of_events_was_typed_and_that_of_a_form_was_not() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        answer = await http.get("/events", params={"key": "K-17", "since": "never"})
        assert answer.status_code == 422
        assert '<dt><code>key</code></dt><dd class="lines">K-17</dd>' in answer.text
        form = {"csrf": await open_form(http, "/shop/products/1"), "quantity": "1", "key": "too short"}
        refused = await http.post("/shop/products/1/cart", data=form)
        assert refused.status_code == 422
        assert "too short</dd>" not in refused.text


async def test_what_was_typed_outlives_a_mistyped_password_at_the_log_in() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "carl")
        csrf = await open_form(http, "/shop/products/1")
        http.cookies.clear()
        headers = {"referer": f"{http.base_url}/shop/products/1"}
        form = {"csrf": csrf, "rating": "4", "text": "It keeps <warm>\r\nfor hours"}
        asked = await http.post("/shop/products/1/reviews", data=form, headers=headers)
        [log_in_form] = [form for form in forms_in(asked.text, "/shop/log-in") if form.typed]
        sent: dict[str, list[str]] = {"email": ["carl@shop.example"]}
        for name, value in log_in_form.typing("password", "mistyped"):
            sent.setdefault(name, []).append(value)
        answer = await http.post("/shop/log-in", data=sent)
        assert answer.status_code == 401
        assert "The email or the password is wrong" in answer.text
        assert "what you sent was not done" in answer.text
        assert "It keeps &lt;warm&gt;" in answer.text


@pytest.mark.parametrize(
    ("path", "typed", "carried"),
    [
        ("/shop/products/1/reviews", {"review": "731", "rating": "4", "text": "따뜻하다" * 1_000}, True),
        ("/shop/products/1/reviews", {"text": "따뜻하다" * 1_700}, False),
        (f"/orders/{PENDING}/cancel", {"line": ["2"] * 120, "pieces": ["7"] * 120, "show": "731"}, False),
    ],
)
async def test_whatever_was_typed_the_log_in_is_taken(path: str, typed: dict[str, Any], carried: bool) -> None:
    async with reading(Shop()) as http:
        to_log_in = "/shop/log-in" if path.startswith("/shop/") else "/log-in"
        await http.get(to_log_in)
        asked = await http.post(path, data=typed, headers={"referer": f"{http.base_url}{path}"})
        assert asked.status_code == 403
        assert "731" not in asked.text
        [form] = [form for form in forms_in(asked.text, path) if form.action == to_log_in]
        sent: dict[str, list[str]] = {}
        for name, value, _ in form.fields:
            sent.setdefault(name, []).append(value)
        assert ("typed_value" in sent) == carried
        answer = await http.post(to_log_in, data=sent | {"email": ["carl@shop.example"], "password": ["mistyped"]})
        assert answer.status_code == 401


async def test_a_form_of_an_earlier_log_in_shows_what_was_typed_with_the_way_back() -> None:
    """Whoever logs out and in again in another tab sends the form of the first one with a token of before."""
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        csrf = await open_form(http, "/products/new")
        http.cookies.clear()
        await log_in(http, "olga")
        form = {"csrf": csrf, "name": "A <warm> cup", "sku": "CUP-7"}
        refused = await http.post(
            "/products/new", data=form, headers={"referer": f"{http.base_url}/products/new?from=1"}
        )
        assert refused.status_code == 403
        assert "A &lt;warm&gt; cup" in refused.text
        assert 'href="/products/new?from=1">Back to the form' in refused.text
        foreign = await http.post("/products/new", data=form, headers={"referer": "https://evil.example/"})
        assert foreign.status_code == 403
        assert "A &lt;warm&gt; cup" not in foreign.text


async def test_a_page_whose_question_is_long_can_be_asked_for_without_a_log_in() -> None:
    async with reading(Shop()) as http:
        to_log_in = await http.get("/orders", params={"order_ref": "한" * 200})
        assert to_log_in.headers["location"] == "/log-in?after=%2Forders"
        assert (await http.get(to_log_in.headers["location"])).status_code == 200


@pytest.mark.parametrize("referer", ["https://evil.example/shop", "http://[", None])
async def test_what_another_site_sends_is_not_shown(referer: str | None) -> None:
    async with reading(Shop()) as http:
        headers = {"referer": referer} if referer else {}
        answer = await http.post("/shop/products/1/reviews", data={"text": "buy at evil"}, headers=headers)
        assert (answer.status_code, answer.text) == (303, "")


async def test_pieces_that_were_typed_into_the_cart_are_kept_over_the_log_in() -> None:
    async with reading(Shop()) as http:
        into = {"csrf": await open_form(http, "/shop/products/1"), "quantity": "1", "key": "k" * 20}
        await http.post("/shop/products/1/cart", data=into)
        [cart] = [form for form in forms_in((await http.get("/shop/cart")).text, "/shop/cart") if form.typed]
        for first in ("log-in", "sign-up"):
            sent = {**dict(cart.typing("quantity", "7")), "next": first}
            answer = await http.post("/shop/orders", data=sent)
            assert answer.headers["location"] == f"/shop/{first}?after=%2Fshop%2Fcart"
        assert 'value="7"' in (await http.get("/shop/cart")).text
        refused = await http.post("/shop/orders", data={**dict(cart.typing("quantity", "many")), "next": "log-in"})
        assert refused.status_code == 422
        assert 'value="many"' in refused.text


async def test_another_language_of_a_form_that_was_refused_leads_back_to_it() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "adam")
        form = {"csrf": await open_form(http, "/accounts/11/erase"), "nickname": "mistyped"}
        path = "/accounts/11/erase"
        answer = await http.post(path, data=form, headers={"referer": f"{http.base_url}{path}"})
        assert f'name="after" value="{path}"' in answer.text
