"""Each page and each form of the console, as who may not: nobody, a customer, and a page of another site."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final

import httpx
import pytest
from starlette.applications import Starlette
from starlette.types import ASGIApp, Receive, Scope, Send

from ordercast.services.console.log_in import look_again
from tests.integration.console.test_log_in import csrf_in, log_in
from tests.support.console_records import PENDING
from tests.support.console_routes import ConsoleRoute, console_routes
from tests.support.console_services import Shop, console_of

ROUTES: Final = sorted(console_routes(), key=str)
FOR_OPERATORS: Final = [route for route in ROUTES if route.is_for_operators]
FORMS: Final = [route for route in ROUTES if route.method != "GET"]
TO_LOG_IN: Final = {"/log-in", "/shop/log-in", "/shop/sign-up"}
# What a log-in itself asks of order_api.
OF_LOG_INS: Final = "/order_api/auth/"


@dataclass(frozen=True, slots=True)
class Watch:
    """Notes what asks for more than to read."""

    app: ASGIApp
    changes: list[str]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope.get("method", "GET") != "GET" and not scope["path"].startswith(OF_LOG_INS):
            self.changes.append(f"{scope['method']} {scope['path']}")
        await self.app(scope, receive, send)


@dataclass
class WatchedShop(Shop):
    changes: list[str] = field(default_factory=list)

    def app(self) -> Starlette:
        services = super().app()
        services.add_middleware(Watch, changes=self.changes)
        return services


@asynccontextmanager
async def reading(shop: Shop, name: str | None = None) -> AsyncIterator[httpx.AsyncClient]:
    """A browser, logged in if somebody is named."""
    async with console_of(shop) as address, httpx.AsyncClient(base_url=address, trust_env=False) as http:
        if name:
            assert (await log_in(http, name)).status_code == 303
        yield http


async def asked(http: httpx.AsyncClient, route: ConsoleRoute, csrf: str = "made up", **headers: str) -> httpx.Response:
    form = {**dict(route.form), "csrf": csrf} if route.method != "GET" else None
    return await http.request(route.method, route.path, data=form, headers=headers)


def test_the_walk_knows_each_kind_of_route() -> None:
    assert {"GET /", "GET /overview/numbers"} <= {str(route) for route in FOR_OPERATORS}
    assert {"POST /log-in", "POST /log-out", "POST /preferences"} <= {str(route) for route in FORMS}


async def test_nobody_gets_in_anywhere_without_a_log_in() -> None:
    shop = WatchedShop()
    async with reading(shop) as http:
        for route in FOR_OPERATORS:
            answer = await asked(http, route)
            assert (answer.status_code, answer.text) == (303, ""), route
            assert answer.headers["location"].startswith("/log-in"), route
            # A part of a page that is asked for alone, by its script.
            part = await asked(http, route, **{"hx-request": "true"})
            assert (part.status_code, part.text, part.headers["hx-redirect"]) == (204, "", "/log-in"), route
    assert shop.changes == []


async def test_a_customer_gets_in_nowhere_but_in_the_shop() -> None:
    shop = WatchedShop()
    async with reading(shop, "carl") as http:
        for route in FOR_OPERATORS:
            answer = await asked(http, route)
            assert answer.status_code == 403, route
            assert "for operators and admins" in answer.text, route
    assert shop.changes == []


@pytest.mark.parametrize("name", [None, "carl", "olga"])
async def test_no_form_does_anything_without_the_token_of_its_page(name: str | None) -> None:
    """403, or for nobody to the log-in, or for whoever is logged in from there to the first page. Either way no service is asked to
    change anything."""
    shop = WatchedShop()
    async with reading(shop, name) as http:
        of_page = http.cookies.get("ordercast_console") or ""
        for route in FORMS:
            for csrf in ("", "made up", of_page):
                answer = await asked(http, route, csrf)
                if name is None and answer.status_code == 303:
                    assert answer.headers["location"].startswith(("/log-in", "/shop/log-in")), route
                elif name and route.template in TO_LOG_IN:
                    assert answer.status_code == 303, route
                    assert answer.headers["location"] in {"/", "/shop"}, route
                else:
                    assert answer.status_code == 403, (route, csrf)
                assert "ordercast_console=" not in answer.headers.get("set-cookie", ""), route
        if name == "olga":
            assert (await http.get("/")).status_code == 200  # still logged in
    assert shop.changes == []
    assert shop.logged_out == []


async def test_the_forms_of_every_page_are_refused_by_their_token_and_not_by_chance() -> None:
    async with reading(Shop(), "olga") as http:
        for path in ("/log-out", "/preferences"):
            assert (await asked(http, ConsoleRoute("POST", path))).status_code == 403


@pytest.mark.parametrize("name", ["%FF", "%00", "%0A", "%C3%A9", "%F0%9F%A7%AA", "$(id)"])
async def test_no_page_fails_at_an_odd_name_in_its_path(name: str) -> None:
    async with reading(Shop(), "adam") as http:
        for template in {route.template for route in ROUTES if "{" in route.template and route.method == "GET"}:
            answer = await http.get(re.sub(r"\{\w+\}", name, template))
            assert answer.status_code in (204, 404, 422), (template, answer.text)


# What forms hand on as headers, which take visible ASCII alone.
HEADERS: Final = (
    (f"/orders/{PENDING}/cancel", "key"),
    ("/products/1/edit", "known"),
    ("/accounts/11/role", "known"),
    ("/accounts/11/block", "known"),
)


@pytest.mark.parametrize("value", ["é", "a\nb", "a\r\nX-Evil: 1", "🧪"])
@pytest.mark.parametrize(("path", "field"), HEADERS)
async def test_what_cannot_stand_in_a_header_is_refused_and_not_handed_on(path: str, field: str, value: str) -> None:
    shop = WatchedShop()
    async with reading(shop, "adam") as http:
        csrf = csrf_in((await http.get("/products/new")).text)
        answer = await http.post(path, data={"csrf": csrf, field: value})
        assert answer.status_code == 422
    assert shop.changes == []


async def test_an_event_id_that_cannot_stand_in_a_header_is_refused() -> None:
    async with reading(Shop(), "adam") as http:
        for asked in ({"headers": {b"last-event-id": "é".encode("latin-1")}}, {"params": {"last_id": "é"}}):
            assert (await http.get("/events/stream", **asked)).status_code == 422


@pytest.mark.parametrize("path", ["/flow", "/import", "/events", "/products/new", "/models/pin/remove?recipe=demand"])
@pytest.mark.parametrize("role", ["blocked", "CUSTOMER"])
async def test_whoever_was_blocked_or_lost_the_role_sees_no_page_that_asks_order_api_for_nothing_itself(
    path: str, role: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look_again, "HOLDS_S", 0.0)
    shop = Shop()
    async with reading(shop, "olga") as http:
        assert (await http.get(path)).status_code == 200
        if role == "blocked":
            shop.good_tokens.clear()
        else:
            shop.roles["olga"] = role
        answer = await http.get(path)
        assert answer.status_code == (303 if role == "blocked" else 403)
