"""/asyncapi and /asyncapi.json, as anybody sees them."""

from pathlib import Path
from typing import Final

import httpx

from ordercast.services.order_api.app import order_api_app
from ordercast.services.order_api.settings import OrderApiSettings
from ordercast.services.shared.event_contract.asyncapi import asyncapi_document

FILE: Final = Path("unread.pem")
APP: Final = order_api_app(
    OrderApiSettings(
        database_url="postgresql+asyncpg://nobody@127.0.0.1:1/none",
        kafka_bootstrap="127.0.0.1:1",
        token_public_key_file=FILE,
        token_private_key_file=FILE,
    )
)


async def asked(path: str, root_path: str = "") -> httpx.Response:
    transport = httpx.ASGITransport(APP, root_path=root_path)
    async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
        return await client.get(path)


async def test_the_document_is_the_codes() -> None:
    answer = await asked("/asyncapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() == asyncapi_document()


async def test_the_page_may_load_nothing_from_elsewhere_and_leads_to_the_document() -> None:
    answer = await asked("/asyncapi")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert "unsafe" not in policy["script-src"]
    assert 'href="/asyncapi.json"' in answer.text


async def test_behind_a_prefix_the_page_leads_there() -> None:
    assert 'href="/shop/asyncapi.json"' in (await asked("/shop/asyncapi", root_path="/shop")).text
