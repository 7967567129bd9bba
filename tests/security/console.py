"""Every page and form of the running console, as who may not: nobody, a customer, and a page of another site."""

import re
from collections.abc import Mapping
from typing import Final

import httpx

from ordercast.infra.local.system import System
from ordercast.services.shared.http.caller import Role
from tests.security.callers import by_status
from tests.security.findings import Finding
from tests.support.console_routes import ConsoleRoute, console_routes

TO_LOG_IN: Final = 303
REFUSED: Final = 403
OPERATORS: Final = ("OPERATOR", "ADMIN")


async def every_page(system: System, emails: Mapping[Role, str], password: str) -> list[Finding]:
    """One finding for each route: the statuses of nobody and of each role. Forms come with a token of no page of theirs."""
    address = system.urls["console"]
    browsers: dict[str, httpx.AsyncClient] = {
        role: await _logged_in(address, email, password) for role, email in emails.items()
    }
    browsers["nobody"] = httpx.AsyncClient(base_url=address, trust_env=False)
    try:
        return [await _walked(route, browsers) for route in sorted(console_routes(), key=str)]
    finally:
        for browser in browsers.values():
            await browser.aclose()


async def _logged_in(address: str, email: str, password: str) -> httpx.AsyncClient:
    browser = httpx.AsyncClient(base_url=address, trust_env=False)
    found = re.search(r'name="csrf" value="([^"]+)"', (await browser.get("/log-in")).text)
    assert found
    form = {"csrf": found[1], "email": email, "password": password}
    assert (await browser.post("/log-in", data=form)).status_code == TO_LOG_IN, f"{email} cannot log in"
    return browser


async def _walked(route: ConsoleRoute, browsers: Mapping[str, httpx.AsyncClient]) -> Finding:
    got: dict[str, int] = {}
    for who, browser in browsers.items():
        form = None if route.method == "GET" else {**dict(route.form), "csrf": "made up"}
        async with browser.stream(route.method, route.path, data=form) as answer:
            got[who] = answer.status_code
    if route.method != "GET":
        wrong = [who for who, status in got.items() if status not in (TO_LOG_IN, REFUSED)]
        return Finding(str(route), "refused for its token", by_status(got), ", ".join(wrong))
    if not route.is_for_operators:
        return Finding(str(route), "open, or its own log-in", by_status(got), "")
    wrong = ["nobody"] if got["nobody"] != TO_LOG_IN else []
    may = ("ADMIN",) if route.is_for_admins else OPERATORS
    wrong += [who for who, status in got.items() if who != "nobody" and (status == REFUSED) == (who in may)]
    return Finding(str(route), f"303 to the log-in; 403 but for {', '.join(may)}", by_status(got), ", ".join(wrong))
