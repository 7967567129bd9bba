"""docs/feed.md, followed to the letter."""

import asyncio
import json
import re
import shlex
from decimal import Decimal
from pathlib import Path
from typing import Final
from uuid import uuid4

import httpx
import pytest

from ordercast.client.addresses import Addresses
from ordercast.client.events import read_events, read_lines
from ordercast.services.order_api.feed.event_types import TOPICS
from tests.integration.cli.conftest import Running
from tests.support.page_examples import examples

PAGE: Final = Path(__file__).parents[3] / "docs/feed.md"
WITHIN_S: Final = 120.0


async def first_event(url: str, key: str) -> str:
    """What the page's curl shows first."""
    headers = {"Authorization": f"Bearer {key}"}
    async with (
        asyncio.timeout(WITHIN_S),
        httpx.AsyncClient(trust_env=False, timeout=WITHIN_S) as client,
        client.stream("GET", url, headers=headers) as answer,
    ):
        async for event in read_events(read_lines(answer.aiter_bytes())):
            if event.data:
                return str(json.loads(event.data)["type"])
    raise AssertionError("the stream ended")


async def test_every_example_of_the_page_works(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = f"fed-{uuid4().hex[:8]}"
    product = await running.admin.order_api.create_product(name, name, Decimal(1), "EUR")
    await running.admin.order_api.place_order([(product.id, 1)])
    taken = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 Taken\r\nConnection: close\r\n\r\n")
        await writer.drain()
        writer.close()
        taken.set()

    key = ""
    async with await asyncio.start_server(take, "127.0.0.1", 0) as receiver:
        port = receiver.sockets[0].getsockname()[1]
        for example in examples(PAGE):
            program, *arguments = shlex.split(example.text)
            if program.startswith("ORDER_API="):
                continue  # that of `running` has another port
            if program == "curl":
                assert f"ORDER_API={Addresses.local().order_api}" in PAGE.read_text()
                url = arguments[1].replace("$ORDER_API", running.system.urls["order_api"])
                assert arguments[2:] == ["-H", "Authorization: Bearer $KEY"]
                assert await first_event(url, key) in {"ordercast.order.placed.v1", "ordercast.product.changed.v1"}
                continue
            assert program == "ordercast"
            result = await running.run(*(part.replace(":3000", f":{port}") for part in arguments))
            assert result.exit_code == 0, f"{example.text}\n{result.output}"
            key = key or result.stdout.split()[-1]
    assert taken.is_set()
    assert "orders:" in Path("at.txt").read_text()


def test_the_page_names_every_type() -> None:
    named = re.findall(r"`([a-z]+\.[a-z]+)`", PAGE.read_text())
    assert [kind for kind in TOPICS if kind not in named] == []
