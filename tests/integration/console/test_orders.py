"""Orders: found, opened, confirmed, cancelled as a whole or by pieces, after asking."""

import re
from typing import Any

import pytest

from tests.integration.console.test_log_in import csrf_in, log_in, reading
from tests.support.console_journey import Way
from tests.support.console_records import CANCELLED, CONFIRMED, LONG, PENDING, Records
from tests.support.console_services import Shop, console_of


async def test_orders_are_listed_the_newest_first_and_paged(open_reader: Any) -> None:
    async with console_of(Shop(way=Way(there=False))) as address:
        reader = await open_reader(address)
        await reader.log_in()
        await reader.page.click("nav >> text=Orders")
        text = await reader.page.inner_text("main")
        for told in ("pending", "S-1001", "cancelled", "ann", "87.50 EUR", "2,000", "As of "):
            assert told in text
        assert await reader.page.locator("tbody tr").count() == 25
        await reader.picture("orders")
        assert await reader.violations() == []
        await reader.page.click("text=Next page")
        assert "…00000000001a" in await reader.page.inner_text("tbody tr:first-child")
        await reader.page.click("text=To the first page")
        assert "pending" in await reader.page.inner_text("tbody tr:first-child")
        assert reader.problems == []


async def test_orders_are_found_as_the_api_finds_them_and_the_request_is_told() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        typed = "status=CONFIRMED&account_id=12&product_id=1&order_ref=&created_from=2026-11-01&created_to=2026-12-01"
        answer = await http.get(f"/orders?{typed}&updated_from=&updated_to=&sort=created_at")
        assert shop.records.asked[-1] == {
            "status": "CONFIRMED",
            "account_id": "12",
            "product_id": "1",
            "created_from": "2026-11-01T00:00:00+00:00",
            "created_to": "2026-12-01T00:00:00+00:00",
            "sort": "created_at",
            "limit": "25",
        }
        assert 'value="2026-11-01"' in answer.text
        assert "created_from=2026-11-01T00%3A00%3A00Z" in answer.text
        assert "anna" in answer.text


async def test_whose_the_orders_of_a_page_are_is_asked_for_once() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        shop.paths.clear()
        assert ">ann<" in (await http.get("/orders")).text
        assert [path for path in shop.paths if "accounts" in path] == ["/order_api/accounts"]


async def test_an_account_s_page_asks_for_its_orders_without_their_lines() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        assert "87.50 EUR" in (await http.get("/accounts/11")).text
        assert shop.records.asked[-1] == {"limit": "5", "account_id": "11", "with_lines": "false"}


async def test_the_id_of_an_order_opens_it() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        answer = await http.get(f"/orders?order_ref={PENDING}")
        assert (answer.status_code, answer.headers["location"]) == (303, f"/orders/{PENDING}")


async def test_an_order_has_its_lines_state_history_and_account(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in(at=f"/orders/{CONFIRMED}")
        text = await reader.page.inner_text("main")
        for told in (
            "Order S-1001",
            "confirmed",
            "3 of 5, the others were taken back",
            "62.50 EUR",
            "ordered",
            "P-1",
            "ann",
        ):
            assert told in text
        assert "Confirm…" not in text
        assert (
            await reader.page.get_attribute("text=Its events", "href") == f"/events?of=order&key={CONFIRMED}&since=7d"
        )
        await reader.picture("order")
        assert await reader.violations() == []
        assert reader.problems == []


async def test_an_admin_sees_who_did_what_to_an_order_under_which_trace() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "adam")
        page = (await http.get(f"/orders/{CONFIRMED}")).text
        assert f"{2:032x}" in page
        assert shop.records.asked_audit == [f"orders/{CONFIRMED}"]
        assert "What was done to it" in (await http.get("/products/1")).text
        assert shop.records.asked_audit[-1] == "products/1"
    async with reading(shop) as http:
        await log_in(http, "olga")
        assert "What was done to it" not in (await http.get(f"/orders/{CONFIRMED}")).text


async def test_by_keyboard_an_order_is_confirmed_after_asking(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in(at=f"/orders/{PENDING}")
        await reader.press("text=Confirm…")
        await reader.page.wait_for_url("**/confirm")
        assert shop.records.done == []
        assert f"/orders/{PENDING}/confirm" in await reader.page.inner_text("pre")
        await reader.picture("order-confirm")
        assert await reader.violations() == []
        await reader.press("button.main")
        await reader.page.wait_for_url(f"**/orders/{PENDING}")
        assert shop.records.done == [("confirm", (str(PENDING), None, None))]


async def test_pieces_are_taken_back_once_with_the_key_of_the_form(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in(at=f"/orders/{CONFIRMED}")
        await reader.page.click("text=Cancel, or take back pieces…")
        await reader.page.check("[name=what][value=some]")
        await reader.page.get_by_label("Pieces of line 1 to take back").fill("2")
        key = await reader.page.input_value("[name=key]")
        await reader.picture("order-cancel")
        assert await reader.violations() == []
        await reader.page.click("button.main")
        await reader.page.wait_for_url(f"**/orders/{CONFIRMED}")
        assert shop.records.done == [
            ("cancel", (str(CONFIRMED), {"items": [{"line": 1, "quantity": 2}]}, key)),
        ]


async def test_all_that_is_left_is_cancelled() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        asked = await http.get(f"/orders/{PENDING}/cancel")
        assert "all that is left: 7 pieces" in asked.text
        form = {"csrf": csrf_in(asked.text), "key": "one-key", "what": "all", "line": ["1", "2"], "pieces": ["", ""]}
        assert (await http.post(f"/orders/{PENDING}/cancel", data=form)).status_code == 303
        assert shop.records.done == [("cancel", (str(PENDING), None, "one-key"))]


async def test_what_was_typed_stays_with_its_key_where_it_is_refused() -> None:
    shop = Shop(records=Records(refuse=(422, "less is left of a line than is to be cancelled")))
    async with reading(shop) as http:
        await log_in(http, "olga")
        csrf = csrf_in((await http.get("/orders")).text)
        form = {"csrf": csrf, "key": "one-key", "what": "some", "line": ["1", "2"], "pieces": ["", "9"]}
        answer = await http.post(f"/orders/{PENDING}/cancel", data=form)
        assert answer.status_code == 422
        assert "less is left of a line" in answer.text
        assert 'name="key" value="one-key"' in answer.text
        assert re.search(r'max="4" value="9"', answer.text)
        assert 'value="some" checked' in answer.text
        assert "Idempotency-Key: one-key" in answer.text
        assert "{&#34;line&#34;:2,&#34;quantity&#34;:9}" in answer.text
        answer = await http.post(f"/orders/{PENDING}/confirm", data={"csrf": csrf})
        assert answer.status_code == 422


@pytest.mark.parametrize("act", ["confirm", "cancel"])
@pytest.mark.parametrize("name", ["olga", "carl"])
async def test_nothing_is_done_without_the_form_s_token_or_for_a_customer(act: str, name: str) -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, name)
        csrf = csrf_in((await http.get("/")).text) if name == "carl" else "made up"
        answer = await http.post(f"/orders/{PENDING}/{act}", data={"csrf": csrf})
        assert answer.status_code == 403
        assert shop.records.done == []


async def test_a_cancelled_order_offers_nothing_to_do() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        page = (await http.get(f"/orders/{CANCELLED}")).text
        assert "Confirm…" not in page
        assert "Cancel, or take back" not in page
        assert "nothing of it is left" in (await http.get(f"/orders/{CANCELLED}/cancel")).text
        assert "Only an order that is pending" in (await http.get(f"/orders/{CANCELLED}/confirm")).text


async def test_the_lines_of_a_long_order_are_paged() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        following = {"": f'href="/orders/{LONG}?lines_after=50"', "/cancel": 'name="show" value="50"'}
        for path, next_lines in following.items():
            first = (await http.get(f"/orders/{LONG}{path}")).text
            assert "P-50<" in first
            assert "P-51<" not in first
            assert next_lines in first
            assert "Next lines" not in (await http.get(f"/orders/{LONG}{path}?lines_after=1950")).text


async def test_pieces_of_a_long_order_s_other_lines_stay_when_the_next_ones_are_shown() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        csrf = csrf_in((await http.get("/orders")).text)
        form = {"csrf": csrf, "key": "one-key", "what": "some", "line": ["1", "2"], "pieces": ["1", ""]}
        shown = await http.post(f"/orders/{LONG}/cancel", data={**form, "show": "50"})
        assert shown.status_code == 200
        assert "P-51<" in shown.text
        assert 'value="some" checked' in shown.text
        assert (
            '<input type="hidden" name="line" value="1"><input type="number" class="pieces" name="pieces" min="1" value="1">'
            in (shown.text)
        )
        assert shop.records.done == []


@pytest.mark.parametrize(("what", "pieces", "told"), [("all", "1", "which of both"), ("some", "", "how many pieces")])
async def test_what_is_to_be_cancelled_is_asked_once_more_where_it_is_not_clear(
    what: str, pieces: str, told: str
) -> None:
    """A piece that is typed while "all" is still chosen would take the whole order, for good."""
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        csrf = csrf_in((await http.get("/orders")).text)
        form = {"csrf": csrf, "key": "one-key", "what": what, "line": ["1", "2"], "pieces": [pieces, ""]}
        answer = await http.post(f"/orders/{PENDING}/cancel", data=form)
        assert answer.status_code == 422
        assert "Nothing was cancelled" in answer.text
        assert told in answer.text
        assert f'value="{what}" checked' in answer.text
        assert shop.records.done == []


async def test_empty_and_missing_states_say_what_to_do(open_reader: Any) -> None:
    async with console_of(Shop(way=Way(there=False), records=Records(orders=[]))) as address:
        reader = await open_reader(address)
        await reader.log_in(at="/orders")
        assert "ordercast sample" in await reader.page.inner_text("main")
        await reader.picture("orders-empty")
        assert await reader.violations() == []
        await reader.page.goto(f"{address}/orders?status=PENDING")
        assert "No order is such a one" in await reader.page.inner_text("main")
        await reader.page.goto(f"{address}/orders/{PENDING}")
        assert "There is no such order" in await reader.page.inner_text("main")
        assert await reader.violations() == []


async def test_without_order_api_the_page_says_so(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in()
        shop.down = {"order_api"}
        for path in ("/orders", f"/orders/{PENDING}", f"/orders/{PENDING}/cancel", "/products", "/accounts"):
            await reader.page.goto(address + path)
            assert "order_api did not bring this" in await reader.page.inner_text("main"), path
            assert await reader.violations() == []
        await reader.picture("orders-down")
