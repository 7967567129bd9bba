"""The console in a real browser, before services whose answers the test sets."""

import re
import time
from typing import Any, Final

import httpx
import pytest

from tests.support.console_letters import Letters
from tests.support.console_services import PASSWORD, Shop, console_of, failed_training

MAX_BYTES: Final = 100_000
# On loopback, with the services' own time; the best of several, since the machine is shared.
MAX_S: Final = 0.3


async def test_an_operator_logs_in_sees_the_overview_and_logs_out(open_reader: Any) -> None:
    shop = Shop(letters=Letters(data=[]))
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.page.goto(f"{address}/log-in")
        await reader.page.fill("#email", "olga@shop.example")
        await reader.page.fill("#password", PASSWORD)
        await reader.page.click("button.main")
        await reader.page.wait_for_url(f"{address}/")
        text = await reader.page.inner_text("main")
        assert "Today so far" in text
        assert "21 orders" in text
        assert "63 pieces" in text
        # Not of the whole day a week ago, which had 44, but of the part of it that today has had, too.
        until = re.search(r"The same day last week, until (\d\d:(?:00|15|30|45)) UTC\s+14 orders\s+42 pieces", text)
        assert until
        assert f"Orders today until {until[1]} UTC: 7 -50%" in text
        assert "Mug with a <cat>" in text
        assert "0.84 pieces a prediction" in text
        assert "91.3%" in text
        assert "Nothing. Every service answers" in text
        await reader.picture("overview")
        cookies = {cookie["name"]: cookie for cookie in await reader.page.context.cookies()}
        kept = cookies["ordercast_console"]
        assert (kept["httpOnly"], kept["sameSite"]) == (True, "Strict")
        await reader.page.click("text=Log out")
        await reader.page.wait_for_url("**/log-in")
        assert shop.logged_out
        await reader.page.goto(address)
        assert "/log-in" in reader.page.url
        assert reader.problems == []


async def test_numbers_come_again_by_themselves_and_a_lost_log_in_leads_to_the_form(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.page.clock.install()
        await reader.log_in()
        shop.orders[-1] = 22
        await reader.page.clock.run_for(15_500)
        await reader.page.get_by_text("22 orders").wait_for()
        shop.good_tokens.clear()
        await reader.page.clock.run_for(15_500)
        await reader.page.wait_for_url("**/log-in")
        assert reader.problems == []


async def test_the_first_stop_of_the_keyboard_leads_past_the_navigation(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in_by_keyboard()
        await reader.page.keyboard.press("Tab")
        assert await reader.page.evaluate("document.activeElement.textContent") == "Skip to the content"
        await reader.press("a.skip")
        await reader.page.keyboard.press("Tab")
        assert await reader.page.evaluate("document.querySelector('main').contains(document.activeElement)")


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_on_any_page(open_reader: Any, scheme: str) -> None:
    shop = Shop(failing={"feature_worker": {"kafka": "no broker answers"}}, training=failed_training("out of memory"))
    async with console_of(shop) as address:
        reader = await open_reader(address, color_scheme=scheme)
        await reader.page.goto(f"{address}/log-in")
        await reader.picture(f"log-in-{scheme}")
        assert await reader.violations() == []
        await reader.log_in()
        await reader.picture(f"overview-calls-{scheme}")
        assert await reader.violations() == []
        await reader.page.goto(f"{address}/no-such-page")
        assert await reader.violations() == []


async def test_the_switch_wins_over_the_device_and_stays(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address, color_scheme="light")
        await reader.log_in()
        await reader.page.click("text=Dark")
        await reader.page.wait_for_selector("html[data-theme=dark]")
        await reader.page.reload()
        assert await reader.page.get_attribute("html", "data-theme") == "dark"
        shade = await reader.page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert shade == "rgb(15, 19, 24)"
        assert await reader.violations() == []


async def test_korean_is_one_click_away_or_the_device_s_own(open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in()
        await reader.page.click("text=한국어")
        await reader.page.wait_for_selector("html[lang=ko]")
        assert await reader.page.inner_text("h1") == "개요"
        assert await reader.page.get_attribute("html", "lang") == "ko"
        await reader.picture("overview-korean")
        other = await open_reader(address, locale="ko-KR")
        await other.page.goto(f"{address}/log-in")
        assert await other.page.inner_text("h1") == "로그인"


async def test_a_system_without_data_says_what_to_do_first(open_reader: Any) -> None:
    async with console_of(Shop(orders=[], model=False)) as address:
        reader = await open_reader(address)
        await reader.log_in()
        text = await reader.page.inner_text("main")
        assert "ordercast sample" in text
        assert "ordercast train --recipe demand" in text
        assert "Nothing was ordered today and in the 6 days before" in text
        await reader.picture("overview-empty")
        assert await reader.violations() == []


async def test_with_services_down_the_rest_is_shown_with_what_to_do(open_reader: Any) -> None:
    async with console_of(Shop(), away=("predictor", "relay")) as address:
        reader = await open_reader(address)
        await reader.log_in()
        text = await reader.page.inner_text("main")
        assert "21 orders" in text
        assert "predictor did not bring this" in text
        assert "ordercast restart predictor" in text
        assert "ordercast restart relay" in text
        await reader.picture("overview-services-down")
        assert await reader.violations() == []


async def test_without_order_api_the_form_says_so_and_keeps_the_email(open_reader: Any) -> None:
    async with console_of(Shop(), away=("order_api",)) as address:
        reader = await open_reader(address)
        await reader.page.goto(f"{address}/log-in")
        await reader.page.fill("#email", "olga@shop.example")
        await reader.page.fill("#password", "whatever it is")
        await reader.page.click("button.main")
        assert "ordercast restart order_api" in await reader.page.inner_text("main")
        assert await reader.page.input_value("#email") == "olga@shop.example"
        assert await reader.page.input_value("#password") == ""


async def test_a_page_is_small_and_comes_at_once() -> None:
    async with console_of(Shop()) as address, httpx.AsyncClient(base_url=address) as http:
        await http.get("/log-in")
        csrf = http.cookies["ordercast_console_form"]
        form = {"csrf": csrf, "email": "olga@shop.example", "password": "a password for the console"}
        assert (await http.post("/log-in", data=form)).status_code == 303
        seconds = []
        for _ in range(5):
            started = time.perf_counter()
            answer = await http.get("/")
            seconds.append(time.perf_counter() - started)
        assert "21" in answer.text
        files = ("/static/console.css", "/static/icon.svg", "/static/vendor/htmx.org/htmx.min.js")
        loaded = [len((await http.get(file)).content) for file in files]
        assert sum(loaded) + len(answer.content) < MAX_BYTES
        assert min(seconds) < MAX_S
