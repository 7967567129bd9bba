"""`ordercast tail`, `listen` and `trigger` on a running system: cut in the middle, nothing is lost and nothing comes twice."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from tests.integration.cli.conftest import Running
from tests.support.tcp_gate import tcp_gate

WITHIN_S = 120.0


@dataclass
class Receiver:
    """An HTTP server that notes what is posted to it; it answers so often with 503 first."""

    url: str = ""
    failing: int = 0
    status: int = 200
    events: list[dict[str, Any]] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                length = next(
                    int(line.split(b":")[1])
                    for line in head.lower().split(b"\r\n")
                    if line.startswith(b"content-length")
                )
                event = json.loads(await reader.readexactly(length))
                if self.failing:
                    self.failing -= 1
                    status = 503
                else:
                    status = self.status
                    if status == 200:
                        self.events.append(event)
                        self.came.set()
                writer.write(f"HTTP/1.1 {status} Said\r\nContent-Length: 0\r\n\r\n".encode())
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def until(self, count: int) -> None:
        async with asyncio.timeout(WITHIN_S):
            while len(self.events) < count:
                self.came.clear()
                await self.came.wait()

    @property
    def ids(self) -> list[str]:
        return [event["id"] for event in self.events]


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    made = Receiver()
    async with await asyncio.start_server(made.answer, "127.0.0.1", 0) as server:
        made.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook"
        yield made


@pytest.fixture
async def sku(running: Running) -> str:
    name = f"feed-{uuid4().hex[:8]}"
    await running.admin.order_api.create_product(name, name, Decimal("1.50"), "EUR")
    return name


async def trigger(running: Running, sku: str, event: str = "order.placed") -> str:
    """The order's id."""
    result = await running.run("trigger", event, "--sku", sku, "--json")
    assert result.exit_code == 0, result.output
    return str(json.loads(result.stdout)["id"])


async def start(running: Running, *arguments: str, order_api: str | None = None) -> asyncio.subprocess.Process:
    """`ordercast ARGUMENTS` as a process of its own, on the system or on an order_api at another address."""
    where = ["--against", order_api] if order_api else ["--state", str(running.system.folder.root)]
    key = await running.admin.order_api.create_api_key(f"feed {uuid4().hex[:8]}", ["events:read"])
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "ordercast.cli", *arguments, *where),
        env={**os.environ, "ORDERCAST_API_KEY": str(key.key)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def test_a_triggered_order_is_tailed_with_what_becomes_of_it(running: Running, sku: str) -> None:
    order = await trigger(running, sku, "order.cancelled")
    listed = await running.run("tail", "--types", "order.cancelled", "--since", "2026-01-01", "-n", "1")
    assert listed.exit_code == 0, listed.output
    assert "order.cancelled.v1" in listed.stdout
    confirmed = await running.run("trigger", "order.confirmed", "--sku", sku, "--quantity", "2")
    assert confirmed.exit_code == 0, confirmed.output
    assert confirmed.stdout.startswith("order.confirmed: order ")
    assert f", 2 of {sku}" in confirmed.stdout
    events = await running.run("tail", "--types", "order.cancelled", "--from-start", "--json", "-n", "1")
    assert json.loads(events.stdout)["type"] == "ordercast.order.cancelled.v1"
    assert (await running.admin.order_api.order(UUID(order))).status == "CANCELLED"


async def test_events_are_sent_on_once_over_a_kill_a_cut_and_a_receiver_that_fails(
    running: Running, sku: str, receiver: Receiver, tmp_path: Path
) -> None:
    position, orders = tmp_path / "position", list[str]()
    options = ("listen", "--forward-to", receiver.url, "--types", "order.placed", "--position", str(position), "--json")
    async with tcp_gate("127.0.0.1", running.system.plan.ports["order_api"]) as gate:
        await gate.open()
        process = await start(running, *options, order_api=f"http://127.0.0.1:{gate.port}")
        async with asyncio.timeout(WITHIN_S):
            while not position.exists():  # it has begun
                await asyncio.sleep(0.05)
                assert process.returncode is None, await process.communicate()
        receiver.failing = 2
        orders += [await trigger(running, sku) for _ in range(2)]
        await receiver.until(2)
        await gate.shut()
        orders.append(await trigger(running, sku))
        await gate.open()
        await receiver.until(3)
        async with asyncio.timeout(WITHIN_S):  # a line is written once the position is kept
            lines = [await process.stdout.readline() for _ in range(3)]  # type: ignore[union-attr]
        assert [json.loads(line)["id"] for line in lines] == orders
        process.send_signal(signal.SIGKILL)
        await process.wait()
        orders.append(await trigger(running, sku))
        process = await start(running, *options, "-n", "1", order_api=f"http://127.0.0.1:{gate.port}")
        _, error = await asyncio.wait_for(process.communicate(), WITHIN_S)
        assert process.returncode == 0, error.decode()
    assert receiver.ids == orders


async def test_what_the_receiver_refuses_ends_the_command_with_its_answer_and_waits(
    running: Running, sku: str, receiver: Receiver, tmp_path: Path
) -> None:
    receiver.status = 404
    await trigger(running, sku)
    refused = await running.run(
        *("listen", "--forward-to", receiver.url, "--types", "order.placed", "--since", "2020-01-01"),
        *("--position", str(tmp_path / "position")),
    )
    assert refused.exit_code == 1
    assert "was not taken: " in refused.stderr
    assert "answers 404" in refused.stderr
    assert receiver.events == []


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("tail", "--types", "order.lost"), "'order.lost' is no event type"),
        (("tail", "--since", "yesterday"), "--since yesterday is no time"),
        (("tail", "orders", "--types", "order.placed"), "--types and --since are of the feed"),
        (("listen", "--forward-to", "nowhere", "--since", "2020-01-01", "-n", "1"), "nowhere is no URL of HTTP"),
        (("trigger", "order.placed", "--sku", "no such"), "no product with the SKU 'no such'"),
    ],
)
async def test_what_is_wrong_is_said_in_a_line(
    running: Running, sku: str, arguments: tuple[str, ...], says: str
) -> None:
    await trigger(running, sku)
    result = await running.run(*arguments)
    assert result.exit_code == 1
    assert says in result.stderr
    assert "Traceback" not in result.output


async def test_what_cannot_be_an_api_key_is_told_at_once_and_not_shown(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    for key in ("oc_1_sécret", "oc_1\nsecret"):
        monkeypatch.setenv("ORDERCAST_API_KEY", key)
        result = await running.run("tail", "-n", "1")
        assert result.exit_code == 1
        first, hint = result.stderr.splitlines()
        assert first.startswith("error: ORDERCAST_API_KEY: what was given as an API key is none")
        assert hint == "hint: `ordercast api-keys create` makes one"
        assert "cret" not in result.output


async def test_a_position_that_the_feed_never_gave_is_told_with_what_to_do(
    running: Running, sku: str, receiver: Receiver, tmp_path: Path
) -> None:
    await trigger(running, sku)
    position = tmp_path / "position"
    options = ("listen", "--forward-to", receiver.url, "--types", "order.placed", "--position", str(position))
    begun = await running.run(*options, "--since", "2020-01-01", "-n", "1")
    assert begun.exit_code == 0, begun.output
    position.write_text(re.sub(r"\d+", "999999999", position.read_text()))
    result = await running.run(*options)
    assert result.exit_code == 1
    assert "The events after the Last-Event-ID are gone" in result.stderr
    assert "remove the position file" in result.stderr
    for other in ("orders:1,2", "views:1", "x" * 20_000):
        position.write_text(other)
        result = await running.run(*options)
        assert result.exit_code == 1
        assert "hint: the position file is of other --types or of another system" in result.stderr
