"""A form that is sent twice is done once."""

import asyncio

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from ordercast.services.console.app import MAX_EDIT_BYTES
from ordercast.services.console.sent_forms import KEPT_S, MOST_FORMS, SentForms

COOKIE = "whose"
FORM = {"csrf": "token.page", "name": "a key"}


class Service:
    """What forms change. It answers with what was done so far, or fails as often as it is told."""

    def __init__(self) -> None:
        self.done: list[str] = []
        self.failures = 0
        self.may_go_on = asyncio.Event()
        self.may_go_on.set()

    async def do(self, request: Request) -> Response:
        async with request.form() as form:
            name = str(form.get("name"))
        await self.may_go_on.wait()
        if self.failures:
            self.failures -= 1
            return Response(status_code=503)
        self.done.append(name)
        return Response(f"done {len(self.done)}", 201, {"set-cookie": f"cart={len(self.done)}"})

    def forms(self, kept_s: float = KEPT_S) -> SentForms:
        app = Starlette(routes=[Route("/{path}", self.do, methods=["POST"])])
        return SentForms(
            app,
            cookies=[COOKIE],
            who=lambda request: request.cookies.get("log_in", ""),
            longest=MAX_EDIT_BYTES,
            kept_s=kept_s,
        )

    def browser(self, forms: SentForms | None = None) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.ASGITransport(forms or self.forms()), base_url="http://console")


async def test_a_second_click_gets_what_the_first_got() -> None:
    service = Service()
    async with service.browser() as browser:
        service.may_go_on.clear()
        clicks = [asyncio.create_task(browser.post("/keys", data=FORM)) for _ in range(3)]
        await asyncio.sleep(0)
        service.may_go_on.set()
        at_once = await asyncio.gather(*clicks)
        late = await browser.post("/keys", data=FORM)
        assert {(answer.status_code, answer.text) for answer in (*at_once, late)} == {(201, "done 1")}
        assert [answer.headers["set-cookie"] for answer in at_once] == ["cart=1"] * 3
        assert service.done == ["a key"]


async def test_an_old_answer_takes_nothing_out_of_a_cart_that_went_on() -> None:
    service = Service()
    async with service.browser() as browser:
        await browser.post("/keys", data=FORM)
        await browser.post("/keys", data=FORM | {"name": "another"})
        again = await browser.post("/keys", data=FORM)
        assert again.text == "done 1"
        assert "set-cookie" not in again.headers
        assert browser.cookies["cart"] == "2"


async def test_the_first_goes_on_though_its_browser_left_for_the_second() -> None:
    service = Service()
    async with service.browser() as browser:
        service.may_go_on.clear()
        first = asyncio.create_task(browser.post("/keys", data=FORM))
        await asyncio.sleep(0.01)
        first.cancel()
        second = asyncio.create_task(browser.post("/keys", data=FORM))
        await asyncio.sleep(0.01)
        service.may_go_on.set()
        assert (await second).text == "done 1"
        assert service.done == ["a key"]


@pytest.mark.parametrize(
    ("path", "form", "cookie"),
    [
        ("/keys", FORM | {"csrf": "token.another-page"}, ""),
        ("/keys", FORM | {"name": "another"}, ""),
        ("/trainings", FORM, ""),
        ("/keys?of=another", FORM, ""),
        ("/keys", FORM, "another browser"),
    ],
    ids=[
        "of another page",
        "with something else in it",
        "to another place",
        "with another query",
        "of another browser",
    ],
)
async def test_another_form_is_done_too(path: str, form: dict[str, str], cookie: str) -> None:
    service = Service()
    async with service.browser() as browser:
        await browser.post("/keys", data=FORM)
        await browser.post(path, data=form, headers={"cookie": f"{COOKIE}={cookie}"} if cookie else {})
        assert len(service.done) == 2


@pytest.mark.parametrize("csrf", ["token", "", "token."])
async def test_a_form_whose_page_has_no_name_is_done_each_time(csrf: str) -> None:
    service = Service()
    async with service.browser() as browser:
        for _ in range(2):
            await browser.post("/keys", data=FORM | {"csrf": csrf})
        assert len(service.done) == 2


async def test_what_failed_may_be_tried_again() -> None:
    service = Service()
    service.failures = 1
    async with service.browser() as browser:
        answers = [(await browser.post("/keys", data=FORM)).status_code for _ in range(3)]
        assert answers == [503, 201, 201]
        assert service.done == ["a key"]


async def test_it_is_forgotten_after_a_while_though_no_form_follows() -> None:
    service = Service()
    forms = service.forms(kept_s=0.01)
    async with service.browser(forms) as browser:
        await browser.post("/keys", data=FORM)
        async with asyncio.timeout(10):
            while forms.remembered:
                await asyncio.sleep(0.01)
        await browser.post("/keys", data=FORM)
        assert len(service.done) == 2


async def test_who_sends_many_pushes_out_their_own_alone() -> None:
    service = Service()
    forms = service.forms()
    async with service.browser(forms) as browser:
        for log_in in ("ann", "adam"):
            await browser.post("/keys", data=FORM, headers={"cookie": f"{COOKIE}={log_in}; log_in={log_in}"})
        for number in range(MOST_FORMS + 1):
            await browser.post("/preferences", data=FORM | {"csrf": f"token.{number}"}, headers={"cookie": ""})
        assert forms.remembered == MOST_FORMS
        done = len(service.done)
        for log_in in ("ann", "adam"):
            await browser.post("/keys", data=FORM, headers={"cookie": f"{COOKIE}={log_in}; log_in={log_in}"})
        assert len(service.done) == done
        await browser.post("/preferences", data=FORM | {"csrf": "token.0"}, headers={"cookie": ""})
        assert len(service.done) == done + 1


async def test_an_edited_record_is_sent_once_however_long_it_is() -> None:
    service = Service()
    edited = FORM | {"body": "x" * (MAX_EDIT_BYTES - 1_000)}
    async with service.browser() as browser:
        for _ in range(2):
            await browser.post("/dead-letters", data=edited)
        assert len(service.done) == 1


async def test_files_are_handed_on_as_they_come() -> None:
    service = Service()
    async with service.browser() as browser:
        for _ in range(2):
            await browser.post("/files", data=FORM, files={"file": b"1,2"})
        assert len(service.done) == 2
