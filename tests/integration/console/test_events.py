"""Events as they come: over one stream that goes on where it was, filtered, paused, opened beside their contract."""

import asyncio
import html
import re
from typing import Any, Final

import httpx
import pytest

from ordercast.services.console.streams import Streams
from tests.integration.console.test_log_in import log_in, reading
from tests.support.console_feed import ConsoleFeed, cloud_event
from tests.support.console_services import Shop, console_of

WITHIN_S: Final = 30.0


async def wait_for(text: str, page: Any, selector: str = "#count") -> None:
    await page.wait_for_function(
        "([selector, text]) => document.querySelector(selector).textContent.includes(text)", arg=[selector, text]
    )


async def test_events_come_by_themselves_and_one_is_opened_by_keyboard_beside_its_contract(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in()
        page = reader.page
        await page.click("nav >> text=Events")
        await wait_for("live", page, "#state")
        assert "ordercast sample" in await page.inner_text("#empty")
        await reader.picture("events-empty")
        shop.feed.add(*(cloud_event(number, note="<img src=x>") for number in range(3)))
        await wait_for("3", page)
        assert await page.locator("#rows tr").count() == 3
        labels = "(cells) => cells.map((cell) => cell.dataset.label)"
        assert await page.locator("#rows tr:first-child > *").evaluate_all(labels) == ["Happened, UTC", "Type", "Key"]
        assert await page.is_hidden("#empty")
        await reader.press("#rows tr:first-child button")
        await page.locator("#opened-contract table").wait_for()
        opened = await page.inner_text("#opened")
        for told in ("partitionkey: 8", '"note": "<img src=x>"', "how many times", "source: /ordercast/order_api"):
            assert told in opened
        assert await page.evaluate("document.activeElement.id") == "opened"
        await reader.picture("events")
        assert await reader.violations() == []
        assert reader.problems == []


async def test_a_contract_that_comes_late_does_not_stand_beside_another_event(open_reader: Any) -> None:
    placed = cloud_event(2) | {"type": "ordercast.order.placed.v1"}
    shop = Shop(feed=ConsoleFeed(events=[cloud_event(1), placed]))
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in()
        page, gate = reader.page, asyncio.Event()

        async def answer_late(route: Any) -> None:
            await gate.wait()
            await route.continue_()

        await page.route("**/events/contract?type=*viewed*", answer_late)
        await page.goto(f"{address}/events?since=1h")
        await wait_for("2", page)
        await page.click("#rows tr:nth-child(2) button")
        await page.click("#rows tr:nth-child(1) button")
        contract = page.locator("#opened-contract")
        await contract.locator("h2", has_text="order.placed").wait_for()
        async with page.expect_response("**/events/contract?type=*viewed*") as coming:
            gate.set()
        await (await coming.value).finished()
        # What the page does with it is done before it gets another answer.
        await page.evaluate("fetch('/static/icon.svg').then((answer) => answer.text())")
        assert "order.placed" in await contract.inner_text()
        assert "viewed" not in await contract.inner_text()


async def test_after_a_cut_and_after_a_pause_it_goes_on_without_a_loss_or_a_repeat(open_reader: Any) -> None:
    shop = Shop(feed=ConsoleFeed(events=[cloud_event(number) for number in range(7)], ends_after=2))
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in()
        page = reader.page
        await page.goto(f"{address}/events?since=1h")
        await wait_for("7", page)
        await page.click("#pause")
        await wait_for("paused", page, "#state")
        shop.feed.add(*(cloud_event(number) for number in range(7, 9)))
        assert await page.inner_text("#count") == "7"
        await page.click("text=Go on")
        await wait_for("9", page)
        times = await page.locator("#rows button").all_inner_texts()
        assert times == [f"2026-11-26 09:30:0{number}.123" for number in reversed(range(9))]
        assert {last_id for _, last_id in shop.feed.asked[1:]} >= {"views:2", "views:4", "views:6"}


async def show(page: Any, *, hidden: bool) -> None:
    await page.evaluate(
        "(hidden) => { Object.defineProperty(document, 'hidden', { value: hidden, configurable: true });"
        "document.dispatchEvent(new Event('visibilitychange')); }",
        hidden,
    )


async def test_a_page_that_nobody_sees_has_no_stream_and_then_brings_what_came_meanwhile(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in()
        page = reader.page
        await page.goto(f"{address}/events")
        await wait_for("live", page, "#state")
        shop.feed.add(cloud_event(1))
        await wait_for("1", page)
        await show(page, hidden=True)
        while shop.feed.open:
            await asyncio.sleep(0.01)
        shop.feed.add(cloud_event(2), cloud_event(3))
        await show(page, hidden=False)
        await wait_for("3", page)
        assert [last_id for _, last_id in shop.feed.asked] == [None, "views:1"]
        await page.click("#pause")
        await show(page, hidden=True)
        await show(page, hidden=False)
        assert "paused" in await page.inner_text("#state")
        assert len(shop.feed.asked) == 2


async def test_pausing_before_the_first_event_keeps_the_place(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in()
        page = reader.page
        await page.goto(f"{address}/events")
        await wait_for("live", page, "#state")
        await page.click("#pause")
        shop.feed.add(cloud_event(1))
        await page.click("text=Go on")
        await wait_for("1", page)


async def test_the_page_keeps_few_lines_and_tells_how_many_it_passed_over(open_reader: Any) -> None:
    shop = Shop(feed=ConsoleFeed(events=[cloud_event(number) for number in range(2_000)]))
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in()
        page = reader.page
        await page.goto(f"{address}/events?since=1d")
        await wait_for("50", page)
        while not await page.inner_text("#passed"):
            shop.feed.add(cloud_event(1))
        assert "passed over: " in await page.inner_text("#passed")
        assert await page.locator("#rows tr").count() <= 200


async def read_stream(http: httpx.AsyncClient, path: str, until: str) -> str:
    found = ""
    async with asyncio.timeout(WITHIN_S), http.stream("GET", path) as answer:
        assert answer.status_code == 200
        async for text in answer.aiter_text():
            found += text
            if until in found:
                break
    return found


async def test_it_is_filtered_by_type_and_key() -> None:
    events = [cloud_event(number, key) for number, key in enumerate(["8", "9", "8"])]
    shop = Shop(feed=ConsoleFeed(events=events))
    async with reading(shop) as http:
        await log_in(http, "olga")
        found = await read_stream(http, "/events/stream?type=product.viewed&key=9&since=1h", "event: shown")
        assert found.count("event: shown") == 1
        assert '"partitionkey": "9"' in found
        asked, _ = shop.feed.asked[0]
        assert asked["types"] == "product.viewed"
        while shop.feed.open:  # the browser is gone, so the stream behind it ends, too
            await asyncio.sleep(0.01)


async def test_an_account_s_events_are_found_by_what_they_say_and_not_by_a_product_s_number() -> None:
    placed = {"order_id": "a-1", "items": [{"line": 1, "product_id": 9}]}
    events = [cloud_event(1, "8", account_id=8), cloud_event(2, "8", account_id=3), cloud_event(3, "8", **placed)]
    async with reading(Shop(feed=ConsoleFeed(events=events))) as http:
        await log_in(http, "olga")
        link = re.search(r'href="(/events[^"]+)"', (await http.get("/accounts/11")).text)
        assert link
        stream = re.search(r'data-stream="([^"]+)"', (await http.get(html.unescape(link[1]))).text)
        assert stream
        assert html.unescape(stream[1]) == "/events/stream?type=&of=account&key=11&since=7d"
        for of, key, number in (("account", "3", 2), ("product", "9", 3), ("order", "a-1", 3)):
            found = await read_stream(http, f"/events/stream?of={of}&key={key}&since=1h", "event: shown")
            assert re.findall(r'"id": "([^"]+)"', found) == [f"00000000-0000-0000-0000-{number:012}"]


@pytest.mark.parametrize(
    ("refuse", "event"),
    [((503, "Kafka is away"), "problem"), ((410, "These are gone"), "ended"), ((401, "no"), "ended")],
)
async def test_what_the_feed_refuses_is_told_in_the_stream(refuse: tuple[int, str], event: str) -> None:
    async with reading(Shop(feed=ConsoleFeed(refuse=refuse))) as http:
        await log_in(http, "olga")
        found = await read_stream(http, "/events/stream", "data: ")
        assert f"event: {event}\n" in found
        assert refuse[1] in found


async def test_with_order_api_away_it_says_so_and_tries_again(open_reader: Any) -> None:
    shop = Shop(feed=ConsoleFeed(refuse=(503, "Kafka is away")))
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in(at="/events")
        await wait_for("Kafka is away", reader.page, "#state")
        await reader.picture("events-away")
        shop.feed.refuse = None
        await wait_for("live", reader.page, "#state")


async def test_only_operators_may_follow_and_not_too_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Streams, "are_full", True)
    async with reading(Shop()) as http:
        assert (await http.get("/events/stream")).status_code == 303
        await log_in(http, "olga")
        assert (await http.get("/events/stream")).status_code == 429
        assert (await http.get("/events?type=order.eaten")).status_code == 422
        assert "knows no such type" in (await http.get("/events/contract?type=x")).text
    async with reading(Shop()) as http:
        await log_in(http, "carl")
        assert (await http.get("/events/stream")).status_code == 403


async def test_a_stream_begins_with_good_tokens_or_leads_to_the_log_in() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        shop.good_tokens = {token for token in shop.good_tokens if not token.startswith("access-")}
        await read_stream(http, "/events/stream", "retry: ")
        assert shop.issued == 2
        shop.good_tokens.clear()
        assert (await http.get("/events/stream")).headers["location"].startswith("/log-in")
