"""Events out of a whole system: to a webhook whose receiver fails for a while, and by the feed, cut and resumed; with a kill."""

import asyncio
import json
import os
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import aclosing
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final

import pytest
from typer.testing import CliRunner

from ordercast.cli import app
from ordercast.client import Client, open_client
from ordercast.infra.local.system import System, running_system
from ordercast.system.access import addresses_of
from ordercast.system.operator_account import operator_login
from tests.support.offsets import free_offset
from tests.support.webhook_receiver import Receiver, receiving

pytestmark = pytest.mark.timeout(600)

WITHIN_S: Final = 180.0
# In each of three rounds: all is well, the receiver fails and the feed is away, and the relay is killed.
ORDERS: Final = 20
ROUNDS: Final = 3


@pytest.fixture(scope="module")
async def system(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("ORDERCAST_WEBHOOK_PRIVATE_ADDRESSES", "true")
        async with running_system(tmp_path_factory.mktemp("out") / "state", free_offset()) as running:
            yield running


@pytest.fixture
async def admin(system: System) -> AsyncIterator[Client]:
    login = await operator_login(system.folder, system.info)
    async with open_client(addresses_of(system.info)) as anonymous:
        yield anonymous.as_account(login)


class Feed:
    """Somebody's program that reads the feed: what came, and where it goes on. What Kafka has twice it drops by the event's id."""

    def __init__(self, admin: Client, since: datetime) -> None:
        self._admin, self._since = admin, since
        self.places = list[str | None]()
        self.events = dict[str, dict[str, Any]]()

    async def read(self, count: int) -> None:
        """Until so many have come, on a connection of its own that is cut then."""
        last_id = self.places[-1] if self.places else None
        since = None if last_id else self._since
        events = self._admin.order_api.events(types=["order.placed"], since=since, last_id=last_id)
        async with asyncio.timeout(WITHIN_S), aclosing(events):
            async for event in events:
                if event.data:
                    self.places.append(event.id)
                    document = json.loads(event.data)
                    self.events[document["id"]] = document
                    if len(self.events) == count:
                        return

    def quantities(self) -> dict[int, int]:
        return quantities(self.events.values())


def quantities(events: Iterable[dict[str, Any]]) -> dict[int, int]:
    sums: Counter[int] = Counter()
    for event in events:
        sums[event["data"]["account_id"]] += sum(item["quantity"] for item in event["data"]["items"])
    return dict(sums)


async def came(receiver: Receiver, count: int) -> None:
    async with asyncio.timeout(WITHIN_S):
        while len(receiver.events) < count:
            await asyncio.sleep(0.05)


async def refused(receiver: Receiver) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not receiver.refused:
            await asyncio.sleep(0.05)


async def test_nothing_is_lost_on_either_way_and_verify_finds_no_difference(
    system: System, admin: Client, capsys: pytest.CaptureFixture[str]
) -> None:
    began = datetime.now(UTC)
    product = await admin.order_api.create_product("out-1", "Out", Decimal(1), "EUR")
    placed, feed = list[dict[str, Any]](), Feed(admin, began)

    async def order() -> None:
        for number in range(ORDERS):
            answer = await admin.order_api.place_order([(product.id, 1 + number % 4)])
            placed.append({"data": {"account_id": answer.account_id, "items": [{"quantity": 1 + number % 4}]}})

    async with receiving() as receiver:
        receiver.secret = (await admin.order_api.create_webhook(receiver.url, ["order.placed"])).secret or ""
        await order()
        await came(receiver, ORDERS)
        await feed.read(ORDERS // 2)  # cut in the middle
        receiver.failing = True
        await order()
        await refused(receiver)
        os.kill(system.pid("relay"), signal.SIGKILL)
        receiver.failing = False
        await order()
        await feed.read(ROUNDS * ORDERS)
        await came(receiver, ROUNDS * ORDERS)
    assert len(set(feed.places)) == len(feed.places)  # no place of the topic comes a second time
    assert len(feed.events) == len(receiver.events) == ROUNDS * ORDERS
    assert feed.quantities() == receiver.quantities() == quantities(placed)

    result = await asyncio.to_thread(CliRunner().invoke, app, ["verify", "--state", str(system.folder.root)])
    assert result.exit_code == 0, result.output
    with capsys.disabled():
        sys.stdout.write(f"\n{result.stdout.splitlines()[-1]}\n")  # what `make contract` ends with
    assert result.stdout.splitlines()[-1] == "verify: 0 differences"
