"""Who gets in, and what a form has to bring."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from ordercast.client.certificates import trusted_here
from tests.support.console_services import PASSWORD, Shop, console_of


@asynccontextmanager
async def reading(shop: Shop, **options: Any) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        console_of(shop, **options) as address,
        httpx.AsyncClient(base_url=address, verify=trusted_here()) as http,
    ):
        yield http


async def log_in(http: httpx.AsyncClient, name: str, *, password: str = PASSWORD, after: str = "/") -> httpx.Response:
    page = await http.get("/log-in")
    form = {"csrf": csrf_in(page.text), "after": after, "email": f"{name}@shop.example", "password": password}
    return await http.post("/log-in", data=form)


def csrf_in(page: str) -> str:
    found = re.search(r'name="csrf" value="([^"]+)"', page)
    assert found
    return found[1]


@pytest.mark.parametrize("name", ["olga", "adam"])
async def test_operators_and_admins_get_in(name: str) -> None:
    async with reading(Shop()) as http:
        assert (await log_in(http, name)).headers["location"] == "/"
        assert (await http.get("/")).status_code == 200


async def test_customers_are_told_politely() -> None:
    async with reading(Shop()) as http:
        await log_in(http, "carl")
        answer = await http.get("/")
        assert answer.status_code == 403
        assert "for operators and admins" in answer.text
        assert "Orders" not in answer.text


async def test_a_wrong_password_is_told_and_the_email_kept() -> None:
    async with reading(Shop()) as http:
        answer = await log_in(http, "olga", password="wrong")
        assert answer.status_code == 401
        assert "olga@shop.example" in answer.text
        assert "ordercast_console" not in answer.cookies


async def test_who_is_not_logged_in_comes_back_to_the_page_after_it() -> None:
    async with reading(Shop()) as http:
        answer = await http.get("/overview/numbers")
        assert (answer.status_code, answer.headers["location"]) == (303, "/log-in?after=%2Foverview%2Fnumbers")
        assert (await log_in(http, "olga", after="/overview/numbers")).headers["location"] == "/overview/numbers"


@pytest.mark.parametrize("elsewhere", ["https://evil.example/", "//evil.example", "/\\evil.example"])
async def test_no_form_leads_to_another_site(elsewhere: str) -> None:
    async with reading(Shop()) as http:
        assert (await log_in(http, "olga", after=elsewhere)).headers["location"] == "/"


@pytest.mark.parametrize("path", ["/log-out", "/preferences"])
async def test_a_form_without_its_token_does_nothing(path: str) -> None:
    async with reading(Shop()) as http:
        await log_in(http, "olga")
        for csrf in ("", "made up", http.cookies["ordercast_console"]):
            form = {"csrf": csrf, "email": "adam@shop.example", "password": PASSWORD, "theme": "dark"}
            answer = await http.post(path, data=form)
            assert answer.status_code == 403
            assert not answer.cookies
        assert (await http.get("/")).status_code == 200


@pytest.mark.parametrize("path", ["/log-in", "/shop/log-in", "/shop/sign-up"])
async def test_who_is_logged_in_already_goes_on_from_a_form_that_was_shown_to_nobody(path: str) -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        name = http.cookies["ordercast_console"]
        form = {"csrf": "of nobody's page", "email": "adam@shop.example", "password": PASSWORD, "after": "/flow"}
        answer = await http.post(path, data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/flow")
        assert "set-cookie" not in answer.headers
        assert (http.cookies["ordercast_console"], shop.issued) == (name, 1)


async def test_tokens_are_refreshed_once_for_all_that_a_page_asks() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        shop.good_tokens = {token for token in shop.good_tokens if not token.startswith("access-")}
        assert (await http.get("/")).status_code == 200
        assert shop.issued == 2


async def test_log_out_ends_the_tokens_and_the_cookie_s_name() -> None:
    shop = Shop()
    async with reading(shop) as http:
        await log_in(http, "olga")
        name = http.cookies["ordercast_console"]
        await http.post("/log-out", data={"csrf": csrf_in((await http.get("/")).text)})
        assert shop.logged_out == ["olga-1"]
        assert (await http.get("/", headers={"cookie": f"ordercast_console={name}"})).status_code == 303


async def test_nothing_runs_or_loads_but_the_console_s_own_files() -> None:
    async with reading(Shop()) as http:
        for answer in (
            await http.get("/log-in"),
            await log_in(http, "olga"),
            await http.get("/"),
            await http.get("/x"),
        ):
            policy = answer.headers["content-security-policy"]
            assert "default-src 'none'" in policy
            assert "unsafe" not in policy
            assert not re.search(r"<script>|<style|style=|onclick|https?://(?!127)", answer.text)
            assert answer.headers["cache-control"] == "no-store"


async def test_tries_to_log_in_are_bounded_and_a_page_says_when_to_try_again() -> None:
    async with reading(Shop(), log_ins_per_minute=2) as http:
        answers = [await log_in(http, "olga", password="wrong") for _ in range(3)]
        assert [answer.status_code for answer in answers] == [401, 401, 429]
        assert "Too often in a short time" in answers[-1].text
        assert f"Try again in {answers[-1].headers['retry-after']} s" in answers[-1].text
        assert "default-src 'none'" in answers[-1].headers["content-security-policy"]


@pytest.mark.parametrize("cookie", ["", "a.b", "x" * 43 + ".y", "é"])
async def test_a_browser_with_a_form_cookie_that_is_none_gets_another_one_and_may_log_in(cookie: str) -> None:
    async with reading(Shop()) as http:
        first = await http.get("/log-in", headers={b"cookie": f"ordercast_console_form={cookie}".encode("latin-1")})
        form = {"csrf": csrf_in(first.text), "email": "olga@shop.example", "password": PASSWORD}
        answer = await http.post("/log-in", data=form)
        assert (answer.status_code, answer.headers["location"]) == (303, "/")
