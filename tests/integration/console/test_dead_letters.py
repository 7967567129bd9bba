"""Refused events: found, read beside their contract, edited, tried, sent again or discarded after asking."""

import html
from typing import Any

import pytest

from tests.integration.console.test_log_in import csrf_in, log_in, reading
from tests.support.console_letters import BODY, Letters, letter
from tests.support.console_services import Shop, console_of


async def test_by_keyboard_one_is_edited_tried_and_sent_again_after_asking(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in()
        page = reader.page
        await page.click("nav >> text=Dead letters")
        await reader.picture("letters")
        await reader.press("text=views:0:3")
        await page.wait_for_url("**/dead-letters/views%3A0%3A3")
        text = await page.inner_text("main")
        for told in ("MalformedEvent", "body.count", "'many' is not of type 'integer'", "product_id", "offset 3"):
            assert told in text
        await reader.picture("letter")
        # What is still refused is not asked about, and what was typed stays.
        await page.fill("#body", '{"account_id": 9, "count": "many"}')
        await page.click("text=Replay…")
        assert "The worker would refuse it" in await page.inner_text("[role=status]")
        assert await page.input_value("#body") == '{"account_id": 9, "count": "many"}'
        await page.fill("#body", '{"account_id": 8}')
        await reader.press("button[value=check]")
        await page.get_by_text("The worker takes it").wait_for()
        await reader.press("button[value=ask]")
        await page.get_by_text("Replay this one as it is typed?").wait_for()
        assert shop.letters.done == []
        await reader.picture("letter-ask")
        assert await reader.violations() == []
        await reader.press("button.main")
        await page.get_by_text("1 event was sent again").wait_for()
        [(act, sent)] = shop.letters.done
        assert (act, sent["id"], sent["body"], sent["headers"]) == ("replay", "views:0:3", '{"account_id": 8}', None)
        # Of what was edited it is the request: the command sends it as it was.
        assert "/dead-letters/views:0:3/replay" in await page.inner_text("main")
        await reader.picture("letter-done")
        assert await reader.violations() == []
        assert reader.problems == []


async def test_many_are_chosen_and_those_that_would_be_refused_again_are_told_and_left(open_reader: Any) -> None:
    shop = Shop()
    async with console_of(shop) as address:
        reader = await open_reader(address)
        await reader.log_in()
        page = reader.page
        await page.goto(f"{address}/dead-letters")
        assert "views:0:1" not in await page.inner_text("main")
        for name in ("views:0:3", "views:0:2"):
            await page.check(f"[aria-label='Choose {name}']")
        await page.click("text=Replay those chosen…")
        assert "1 event is sent again" in await page.inner_text("main")
        assert shop.letters.done == []
        await reader.picture("letters-ask")
        await page.click("button.main")
        await page.get_by_text("1 event was sent again").wait_for()
        assert shop.letters.done == [("replay", ["views:0:2"])]
        assert reader.problems == []


async def test_headers_are_edited_too_and_a_body_as_it_was_is_not_sent() -> None:
    shop = Shop(letters=Letters(data=[letter(3, body='{\n"count": 1}')]))
    async with reading(shop) as http:
        await log_in(http, "olga")
        csrf = csrf_in((await http.get("/dead-letters/views:0:3")).text)
        headers = "ce_type: ordercast.product.viewed.v1\r\nce_specversion: 1.0\r\nce_id: a:b\r\n"
        form = {"csrf": csrf, "step": "check", "body": '{\r\n"count": 1}', "headers": headers}
        answer = await http.post("/dead-letters/views:0:3", data=form)
        assert "The worker would refuse it" in answer.text  # as it was: the fake takes no body that is not sent
        assert "ce_id: a:b" in answer.text


async def test_some_are_discarded_after_asking() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        asked = await http.get("/dead-letters/ask?act=discard&one=views:0:3")
        assert "ordercast dead-letters discard views:0:3" in asked.text
        form = {"csrf": csrf_in(asked.text), "act": "discard", "ids": ["views:0:3"]}
        done = await http.post("/dead-letters/do", data=form)
        assert "1 event never counts now" in done.text
        assert "ordercast dead-letters discard views:0:3" in done.text
        assert shop.letters.done == [("discard", ["views:0:3"])]


@pytest.mark.parametrize("path", ["/dead-letters/$(id)", "/dead-letters/ask?act=discard&one=$(id)"])
async def test_an_id_from_a_link_runs_nothing_in_a_command_to_copy(path: str) -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        page = html.unescape((await http.get(path)).text)
        assert "'$(id)'" in page
        assert "discard $(id)" not in page


async def test_what_is_not_there_or_does_not_wait_is_not_asked_about_as_if_it_would_be_discarded() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        gone = await http.get("/dead-letters/ask?act=discard&one=views:0:99")
        assert gone.status_code == 404
        both = await http.post(
            "/dead-letters/ask",
            data={"csrf": csrf_in(gone.text), "act": "discard", "ids": ["views:0:3", "views:0:1"]},
        )
        assert "1 event never counts. " in both.text
        assert "it was replayed already" in both.text
        form = {"csrf": csrf_in(both.text), "act": "discard", "ids": ["views:0:3", "views:0:99"]}
        done = await http.post("/dead-letters/do", data=form)
        assert done.status_code == 404
        for page in (gone, done):
            assert "never count" not in page.text
            assert "There is no such dead letter" in page.text
        assert shop.letters.done == []


async def test_what_fails_is_told_with_what_was_chosen_or_typed() -> None:
    shop = Shop(letters=Letters(refuse="Kafka is away"))
    async with reading(shop) as http:
        await log_in(http, "olga")
        csrf = csrf_in((await http.get("/dead-letters/views:0:3")).text)
        answer = await http.post("/dead-letters/do", data={"csrf": csrf, "act": "discard", "ids": ["views:0:3"]})
        assert answer.status_code == 503
        assert "Kafka is away" in answer.text
        assert 'name="ids" value="views:0:3"' in answer.text
        form = {"csrf": csrf, "step": "send", "body": '{"typed": 1}', "headers": ""}
        answer = await http.post("/dead-letters/views:0:3", data=form)
        assert answer.status_code == 409
        assert "Kafka is away" in answer.text
        assert "{&#34;typed&#34;: 1}" in answer.text
        none = await http.post("/dead-letters/ask", data={"csrf": csrf})
        assert none.status_code == 422
        assert "None was chosen" in none.text


@pytest.mark.parametrize("path", ["/dead-letters/ask", "/dead-letters/do", "/dead-letters/views:0:3"])
@pytest.mark.parametrize("name", ["olga", "carl"])
async def test_nothing_is_done_without_the_form_s_token_or_for_a_customer(path: str, name: str) -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, name)
        csrf = csrf_in((await http.get("/")).text) if name == "carl" else "made up"
        data = {"csrf": csrf, "act": "discard", "ids": ["views:0:3"], "step": "send", "body": "{}"}
        assert (await http.post(path, data=data)).status_code == 403
        assert shop.letters.done == []


async def test_with_nothing_there_or_nobody_answering_the_page_says_what_to_do() -> None:
    async with reading(Shop(letters=Letters(data=[]))) as http:
        await log_in(http, "olga")
        assert "No event waits" in (await http.get("/dead-letters")).text
        gone = await http.get("/dead-letters/views:0:9")
        assert gone.status_code == 404
        assert "There is no such dead letter" in gone.text
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        shop.letters.data = [letter(number) for number in range(60)]
        first = await http.get("/dead-letters")
        assert "starting_after=views%3A0%3A24" in first.text
        last = await http.get("/dead-letters?starting_after=views:0:49")
        assert "views:0:59" in last.text
        assert "Older ones" not in last.text


async def test_a_large_body_and_one_that_is_no_text_are_shown_and_not_edited() -> None:
    bodies = [letter(1, body="x" * 200_000), letter(2, body="\ufffd", is_text=False), letter(3, body=str(BODY))]
    async with reading(Shop(letters=Letters(data=bodies))) as http:
        await log_in(http, "olga")
        pages = [await http.get(f"/dead-letters/views:0:{number}") for number in (1, 2, 3)]
        assert ["<textarea" in page.text for page in pages] == [False, False, True]
        assert len(pages[0].content) < 100_000
