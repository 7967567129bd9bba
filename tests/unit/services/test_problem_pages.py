"""Each problem that a service may answer with has its page at the address in `type`, and no page is of another."""

import re
from typing import Any, Final

import httpx
import pytest
from fastapi import FastAPI

from ordercast.services.order_api.problems import PROBLEMS as OF_ORDER_API
from ordercast.services.predictor.problems import PROBLEMS as OF_PREDICTOR
from ordercast.services.shared.http.problem import Problem
from ordercast.services.shared.problem_types.catalogue import CATALOGUE
from ordercast.services.shared.problem_types.every_service import BEFORE_ANY_ROUTE, WITHOUT_A_ROUTE
from ordercast.services.trainer.problems import PROBLEMS as OF_TRAINER
from tests.unit.services.test_access import APPS


def addresses(document: Any) -> set[str]:
    """The types in the schemas of an OpenAPI document's answers."""
    if isinstance(document, dict):
        own = {value for value in document.get("enum", ()) if str(value).startswith("/problems/")}
        return own.union(*map(addresses, document.values()))
    return set().union(*map(addresses, document)) if isinstance(document, list) else set()


# By the documents, the trees of errors, and what comes before or without a route.
ANSWERED: Final = {
    *(address for app in APPS for address in addresses(app.openapi())),
    *(kind.address for table in (OF_ORDER_API, OF_PREDICTOR, OF_TRAINER) for kind in table.values()),
    *(kind.address for kind in (*BEFORE_ANY_ROUTE, *WITHOUT_A_ROUTE)),
}


def test_there_is_a_page_for_each_type_and_a_type_for_each_page() -> None:
    assert {kind.address for kind in CATALOGUE.values()} == ANSWERED


@pytest.mark.parametrize("app", APPS, ids=lambda app: app.title)
async def test_each_type_opens_its_page_at_each_service(app: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://service/orders/7") as client:
        for address in ANSWERED:
            answer = await client.get(httpx.URL("http://service/orders/7").join(address))
            kind = CATALOGUE[address.rpartition("/")[2]]
            assert answer.status_code == 200, address
            assert f"<title>{kind.title}</title>" in answer.text.replace("&#x27;", "'")
            assert not re.search(r"<script|<link|<img|src=|https?://", answer.text)


async def test_answers_of_the_frame_lead_to_pages() -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(APPS[0]), base_url="http://service") as client:
        for refused in (await client.get("/nowhere"), await client.put("/orders"), await client.get("/orders")):
            assert refused.json()["type"] in ANSWERED


def test_a_type_is_an_address_below_the_pages() -> None:
    assert {Problem(kind).body()["type"] for kind in CATALOGUE.values()} == ANSWERED
