"""What nobody expected is a page, too, and machines get problem+json."""

from typing import Any

import pytest
from structlog.testing import capture_logs

from ordercast.services.console.overview import routes as overview
from ordercast.services.console.trainings import routes as trainings
from tests.integration.console.test_log_in import csrf_in, log_in, reading
from tests.support.console_services import Shop, console_of


async def broken(*_: Any) -> None:
    raise RuntimeError("nobody thought of this")


async def test_an_unexpected_error_is_a_page_with_its_trace(monkeypatch: pytest.MonkeyPatch, open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.log_in()
        monkeypatch.setattr(overview, "read_overview", broken)
        with capture_logs() as logged:
            await reader.page.goto(address)
        assert [line["event"] for line in logged if line["log_level"] == "error"] == ["request failed"]
        text = await reader.page.inner_text("main")
        assert "Something went wrong here" in text
        assert "nobody thought of this" not in text
        assert len(await reader.page.inner_text("main p code")) == 32
        await reader.picture("problem")
        assert await reader.violations() == []


async def test_a_part_that_fails_leaves_the_page_as_it_was(monkeypatch: pytest.MonkeyPatch, open_reader: Any) -> None:
    async with console_of(Shop()) as address:
        reader = await open_reader(address)
        await reader.page.clock.install()
        await reader.log_in()
        monkeypatch.setattr(overview, "read_overview", broken)
        with capture_logs():
            async with reader.page.expect_response("**/overview/numbers") as answered:
                await reader.page.clock.run_for(15_500)
            assert (await answered.value).status == 500
        assert "21 orders" in await reader.page.inner_text("main")


async def test_a_body_that_is_too_long_is_a_page() -> None:
    async with reading(Shop()) as http:
        for path in ("/log-in", "/shop/products/1/reviews"):
            answer = await http.post(path, content=b"x" * 2_000_000)
            assert answer.status_code == 413
            assert answer.headers["content-type"].startswith("text/html")
            # The command is for files.
            assert "ordercast import" not in answer.text
            assert "shorten it" in answer.text


async def test_what_a_path_is_not_for_is_a_page_and_machines_get_problem_json() -> None:
    async with reading(Shop()) as http:
        for path, kind in (("/log-out", "text/html"), ("/metrics", "application/problem+json")):
            answer = await http.request("PUT", path)
            assert answer.status_code == 405
            assert answer.headers["content-type"].startswith(kind)
            assert answer.headers["allow"]


async def test_a_page_that_fails_while_it_tells_of_a_failure_is_problem_json(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        monkeypatch.setattr("ordercast.services.console.pages.preferred", broken_text)
        with capture_logs():
            answer = await http.get("/")
        assert answer.status_code == 500
        assert answer.headers["content-type"] == "application/problem+json"


def broken_text(*_: Any) -> str:
    raise RuntimeError("nobody thought of this")


async def test_only_of_a_form_it_is_said_that_it_may_have_been_done(monkeypatch: pytest.MonkeyPatch) -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        csrf = csrf_in((await http.get("/products/new")).text)
        monkeypatch.setattr(overview, "read_overview", broken)
        monkeypatch.setattr(trainings, "check_form", broken_text)
        with capture_logs():
            shown = await http.get("/")
            sent = await http.post("/trainings", data={"csrf": csrf})
        assert (shown.status_code, sent.status_code) == (500, 500)
        assert "This page could not be shown." in shown.text
        assert "whether it was done" not in shown.text
        assert "It is not known whether it was done" in sent.text
