"""The picture of the flow: live, with data, empty, and with services that are away."""

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import AsyncExitStack
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.requests import Request

from ordercast.services.console import event_stream
from ordercast.services.console.flow import read_flow, shown
from ordercast.services.console.flow.read_flow import Flow
from ordercast.services.console.flow.watch import Look
from ordercast.services.console.streams import MOST_DRAWN, Streams
from tests.integration.console.test_log_in import log_in, reading
from tests.support.console_flow import Numbers
from tests.support.console_services import Shop, console_of

STAGES = ("requests", "outbox", "topics", "worker", "rows", "refused", "trainer", "model", "predictor")


def shop_of(numbers: Numbers, **settings: Any) -> Shop:
    return Shop(metrics=numbers.pages(), **settings)


async def test_the_numbers_go_on_by_themselves_and_the_focus_stays(open_reader: Any) -> None:
    numbers = Numbers(orders=100, views=900, applied=1_000)
    shop = shop_of(numbers)
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in()
        await reader.page.click("nav >> text=Flow")
        await reader.page.get_by_text("It flows").wait_for()
        await reader.page.focus(".flow.wide a[href='#worker']")
        numbers.go_on(2, counted=3)
        numbers.lag_s = 7.5
        shop.metrics = numbers.pages()
        await reader.page.get_by_text("The feature table is 8 s behind: 24 events wait.").wait_for()
        assert "7.5" in await reader.page.text_content("#wide-worker")
        focused = await reader.page.evaluate("document.activeElement.getAttribute('href')")
        assert focused == "#worker"
        numbers.lag_s = 0
        shop.metrics = numbers.pages()
        await reader.page.get_by_text("It flows").wait_for()
        assert reader.problems == []


async def test_by_keyboard_each_stage_leads_to_its_numbers(open_reader: Any) -> None:
    async with console_of(shop_of(Numbers(orders=5))) as address:
        reader = await open_reader(address)
        await reader.log_in()
        for kind, width in (("wide", 1280), ("narrow", 390)):
            await reader.page.set_viewport_size({"width": width, "height": 844})
            await reader.page.goto(f"{address}/flow")
            for stage in STAGES:
                await reader.press(f".flow.{kind} a[href='#{stage}']")
                await reader.page.wait_for_url(f"**/flow#{stage}")
                assert await reader.page.locator(f"#{stage} h2").is_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_with_a_backlog_and_failures(open_reader: Any, scheme: str) -> None:
    numbers = Numbers(orders=900, views=9_000, applied=9_000, backlog=52, oldest_s=12, refused=3, refused_by_kafka=1)
    numbers.training = 0.42
    shop = shop_of(numbers, failing={"feature_worker": {"numbers": "orders/3 outbox: numbers are missing from 17 on"}})
    async with console_of(shop, away=("predictor",)) as address:
        reader = await open_reader(address, color_scheme=scheme)
        await reader.log_in()
        for _ in range(4):
            numbers.go_on(2, orders=30, views=100, counted=90)
            shop.metrics = numbers.pages()
            await reader.page.goto(f"{address}/flow")
            await asyncio.sleep(0.1)
        text = await reader.page.inner_text("main")
        assert "52 events wait in the outbox, the oldest for 12 s." in text
        assert "feature_worker misses numbers: orders/3 outbox: numbers are missing from 17 on" in text
        assert "predictor does not answer." in text
        assert "ordercast restart predictor" in text
        assert await reader.violations() == []
        await reader.picture(f"flow-{scheme}")
        assert reader.problems == []


async def test_an_empty_system_is_told_what_to_do() -> None:
    async with reading(shop_of(Numbers())) as http:
        await log_in(http, "olga")
        page = (await http.get("/flow")).text
        assert "ordercast sample" in page
        assert "It flows" not in page
        for stage in STAGES:
            assert f'id="{stage}"' in page


async def test_it_does_not_say_that_it_flows_where_nobody_tells_of_it() -> None:
    async with reading(Shop(metrics={"order_api": Numbers(orders=3).pages()["order_api"]})) as http:
        await log_in(http, "olga")
        page = (await http.get("/flow")).text
        assert "It is not known whether it flows" in page
        assert "It flows" not in page


async def test_with_all_services_away_each_is_named_and_the_page_is_whole() -> None:
    away = ("relay", "feature_worker", "trainer", "predictor")
    async with reading(shop_of(Numbers(orders=3)), away=away) as http:
        await log_in(http, "olga")
        answer = await http.get("/flow")
        assert answer.status_code == 200
        for name in away:
            assert f"ordercast restart {name}" in answer.text


async def test_the_processes_of_a_service_are_told_one_by_one() -> None:
    numbers = Numbers(orders=3)
    async with reading(shop_of(numbers), relay_url="http://127.0.0.1:1, http://127.0.0.1:1") as http:
        await log_in(http, "olga")
        page = (await http.get("/flow")).text
        assert "ordercast restart relay<" in page
        assert "ordercast restart relay-2<" in page


async def test_a_log_in_that_has_ended_ends_the_stream_and_the_page_says_so(open_reader: Any) -> None:
    async with console_of(shop_of(Numbers(orders=3))) as address:
        reader = await open_reader(address)
        await reader.log_in(at="/flow")
        other = await reader.page.context.new_page()
        await other.goto(f"{address}/models")
        await other.click("text=Log out")
        await reader.page.get_by_text("This page no longer goes on by itself").wait_for()
        await reader.page.click("text=Load it again")
        await reader.page.wait_for_url("**/log-in**")


async def test_a_page_that_comes_out_of_the_background_has_one_stream(open_reader: Any) -> None:
    async with console_of(shop_of(Numbers())) as address:
        reader = await open_reader(address)
        await reader.log_in()
        await reader.page.add_init_script(
            "const made = EventSource; window.sources = [];"
            "window.EventSource = class extends made { constructor(from) { super(from); sources.push(this); } };"
        )
        await reader.page.goto(f"{address}/flow")
        await reader.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        states = await reader.page.evaluate("sources.map((source) => source.readyState === EventSource.CLOSED)")
        assert states == [True, False]


async def test_the_stream_is_not_for_everybody() -> None:
    async with reading(shop_of(Numbers())) as http:
        assert (await http.get("/flow/stream")).status_code == 303
        await log_in(http, "carl")
        assert (await http.get("/flow/stream")).status_code == 403


async def test_the_stream_ends_with_the_role(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(event_stream, "LOOK_EVERY_S", 0.0)
    shop = shop_of(Numbers())
    async with reading(shop) as http:
        await log_in(http, "olga")
        async with asyncio.timeout(30), http.stream("GET", "/flow/stream") as answer:
            async for text in answer.aiter_text():
                if "data: " in text:
                    shop.roles.clear()
        assert (await http.get("/flow/stream")).status_code == 403


async def test_a_stream_that_ends_early_closes_what_it_reads_from() -> None:
    closed = False

    async def moments() -> AsyncGenerator[dict[str, Any], None]:
        nonlocal closed
        try:
            yield {}
        finally:
            closed = True

    async def send(_: Any) -> None: ...

    log_ins = SimpleNamespace(find=lambda _: None)
    scope = {
        "type": "http",
        "headers": [],
        "asgi": {"spec_version": "2.4"},
        "app": SimpleNamespace(state=SimpleNamespace(service=SimpleNamespace(log_ins=log_ins))),
    }
    read: Any = moments()
    ended: Any = SimpleNamespace()
    receive: Any = None
    stream = event_stream.PageStream(Request(scope), ended, "flow_now.html", read, Streams(most=1))
    await stream(scope, receive, send)
    assert closed


async def test_so_many_follow_the_flow_and_no_more_and_it_is_worked_out_once_for_all(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    worked_out = []

    def flow_of(looks: Sequence[Look]) -> Flow:
        worked_out.append(looks[-1])
        return read_flow.flow_of(looks)

    monkeypatch.setattr(shown, "flow_of", flow_of)
    async with reading(shop_of(Numbers(orders=3))) as http, AsyncExitStack() as streams:
        await log_in(http, "olga")
        opened = [streams.enter_async_context(http.stream("GET", "/flow/stream")) for _ in range(MOST_DRAWN)]
        answers = await asyncio.gather(*opened)
        lines = [answer.aiter_lines() for answer in answers]
        for each in lines:
            async with asyncio.timeout(60):
                while not (await anext(each)).startswith("data: "):
                    pass
        assert (await http.get("/flow/stream")).status_code == 429
        assert len(worked_out) == len({id(look) for look in worked_out})


async def test_the_stage_of_dead_letters_tells_how_many_wait() -> None:
    shop = shop_of(Numbers(orders=3))
    async with reading(shop) as http:
        await log_in(http, "olga")
        assert "2 wait, 0 of Kafka" in (await http.get("/flow")).text
