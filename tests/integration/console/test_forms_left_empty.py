"""Each form as a browser sends it with nothing in its fields, and each parameter of a page with nothing behind it."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final
from urllib.parse import urlencode

import httpx
import pytest

from ordercast.services.console.app import console_app
from ordercast.services.console.settings import ConsoleSettings
from tests.integration.console.test_all_pages import PAGES, shop
from tests.integration.console.test_log_in import log_in, reading
from tests.support.console_routes import ConsoleRoute
from tests.support.forms_in_page import FormInPage, forms_in

FORM: Final = "application/x-www-form-urlencoded"
# A page of its own for whatever is wrong with a request, without the form that was filled in.
BARE: Final = "The request is not understood"


@pytest.fixture(scope="module")
async def http() -> AsyncIterator[httpx.AsyncClient]:
    async with reading(shop()) as http:
        await log_in(http, "adam")
        yield http


@pytest.fixture(scope="module")
async def forms(http: httpx.AsyncClient) -> Sequence[FormInPage]:
    """Of all pages, each once, that somebody types into."""
    found: dict[tuple[str, str], FormInPage] = {}
    for path in PAGES:
        for form in forms_in((await http.get(path)).text, path):
            found.setdefault((form.method, form.action), form)
    return [form for form in found.values() if form.typed]


def optional_parameters() -> list[tuple[str, str]]:
    """Of each page, those that may be left out."""
    document: dict[str, Any] = console_app(ConsoleSettings()).openapi()
    return [
        (ConsoleRoute("GET", path).path, parameter["name"])
        for path, operations in document["paths"].items()
        for parameter in operations.get("get", {}).get("parameters", ())
        if parameter["in"] == "query" and not parameter.get("required") and not path.endswith("/stream")
    ]


async def test_each_filter_finds_all_where_nothing_was_typed(
    http: httpx.AsyncClient, forms: Sequence[FormInPage]
) -> None:
    filters = [form for form in forms if form.method == "GET"]
    known = {"/orders", "/products", "/accounts", "/forecasts", "/predict", "/events", "/shop"}
    assert known <= {form.action for form in filters}
    for form in filters:
        answer = await http.get(form.action, params=urlencode(form.emptied))
        assert answer.status_code in (200, 303), (form, answer.text)


async def test_no_page_fails_at_a_parameter_without_a_value(http: httpx.AsyncClient) -> None:
    parameters = optional_parameters()
    assert {("/orders", "account_id"), ("/products", "starting_after"), ("/products/1", "reviews_after")} <= set(
        parameters
    )
    for path, name in parameters:
        answer = await http.get(path, params={name: ""})
        assert answer.status_code < 500, (path, name)


async def test_a_form_that_was_sent_empty_is_answered_on_its_own_page(
    http: httpx.AsyncClient, forms: Sequence[FormInPage]
) -> None:
    sent = [form for form in forms if form.method == "POST" and form.kind == FORM]
    assert {"/products/new", "/trainings", "/shop/products/2"} & {form.action for form in sent}
    for form in sent:
        answer = await http.post(form.action, content=urlencode(form.emptied), headers={"content-type": FORM})
        assert answer.status_code != 500, (form, answer.text)
        assert BARE not in answer.text, (form, answer.text)
