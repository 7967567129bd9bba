"""A shop whose orders go through the real outbox to a broker with log-ins, for programs that read them."""

import asyncio
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import UUID

import msgspec
import pytest
from sqlalchemy import text

from ordercast.contracts.topics import ORDERS
from ordercast.infra.kafka.rights import ADMIN
from ordercast.infra.local.kafka import KafkaBroker
from ordercast.services.order_api.orders.change_order import CancelRequest, ChangeOrder
from ordercast.services.order_api.orders.place_orders import Line, OrderRequest, PlaceOrders
from ordercast.services.order_api.orders.relay_outbox import RelayOutbox
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.kafka.dead_letters import dead_letter_of
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.open_consumer import read_topic
from ordercast.services.shared.kafka.ports import Publisher
from ordercast.services.shared.kafka.publish_dead_letters import replay
from ordercast.services.shared.kafka.publisher import open_publisher
from ordercast.services.shared.kafka.records import Record
from ordercast.services.shared.kafka.topic_ends import end_offsets

PARTITIONS: Final = 4
_NET: Final = text("""
    SELECT orders.account_id, sum(quantity - CASE orders.status WHEN 'CANCELLED' THEN quantity ELSE cancelled_quantity END)
    FROM orders JOIN order_items ON order_items.order_id = orders.id GROUP BY orders.account_id
""")


@dataclass
class _DiesAfterPublishing:
    """As a relay that is killed between Kafka's acknowledgement and its note of it: what it sent is sent once more."""

    publisher: Publisher

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        await self.publisher.publish(topic, partition, records)
        raise BrokerUnavailable("it died")

    async def ask_broker(self) -> None:
        await self.publisher.ask_broker()


@dataclass
class ShopToConsume:
    broker: KafkaBroker
    sessions: Sessions
    accounts: list[int]
    products: list[int]
    _placed: int = field(default=0)

    async def place(self, count: int) -> None:
        """Orders of two lines; of each third a piece is taken back, of each fifth all."""
        requests = []
        for _ in range(count):
            self._placed += 1
            account = self.accounts[self._placed % len(self.accounts)]
            lines = [Line(product, 2 + self._placed % 7) for product in self.products]
            requests.append(OrderRequest(account, lines))
        answers = await PlaceOrders(self.sessions, partitions=PARTITIONS)(requests)
        change = ChangeOrder(self.sessions, partitions=PARTITIONS)
        for number, (request, answer) in enumerate(zip(requests, answers, strict=True)):
            lines_back = {1: 1} if number % 3 == 0 else None
            if number % 3 == 0 or number % 5 == 0:
                assert not isinstance(answer, BaseException)
                order = UUID(msgspec.json.decode(answer.body)["id"])
                caller = Caller(request.account_id, "CUSTOMER")
                await change.cancel(caller, CancelRequest(order, lines_back))

    async def relay(self, *, dying: bool = False) -> None:
        """Publishes all that waits; `dying` does it a second time under the same numbers."""
        async with open_publisher(self.broker.address("relay"), client_id="relay") as publisher:
            if dying:
                lost = RelayOutbox(self.sessions, _DiesAfterPublishing(publisher), partitions=PARTITIONS, owner="relay")
                await lost.create_leases()
                await lost.renew_leases()
                with pytest.raises(BrokerUnavailable):
                    await lost.relay_once()
            relay = RelayOutbox(self.sessions, publisher, partitions=PARTITIONS, owner="relay")
            await relay.create_leases()
            await relay.renew_leases()
            while await relay.relay_once():
                pass

    async def replay(self) -> None:
        """Sends an order again, as `ordercast dead-letters replay` does with what the worker had refused."""
        async for record in read_topic(self.broker.address("operator"), ORDERS.name):
            if ("ce_type", b"ordercast.order.placed.v1") in record.headers:
                async with open_publisher(self.broker.address("operator"), client_id="operator") as publisher:
                    await replay(publisher, [dead_letter_of(record, "refused by the worker alone")])
                return

    async def lose_numbers(self) -> str:
        """Writes an event as if the one before it was lost; how a consumer is to name the gap."""
        async with self.sessions() as session:
            shard, number = (
                await session.execute(text("SELECT shard, last_number FROM outbox_shards ORDER BY shard LIMIT 1"))
            ).one()
        headers = {
            "ce_producer": "outbox",
            "ce_sequence": str(number + 3),
            "ce_numbering": "dense",
            "ce_type": "later.v1",
        }
        record = Record(b"0", b"{}", [(name, value.encode()) for name, value in headers.items()], 0)
        async with open_publisher(self.broker.address(ADMIN), client_id="stranger") as publisher:
            await publisher.publish(ORDERS.name, shard, [record])
        return f"{shard} outbox: {number + 1} to {number + 2}"

    async def ordered(self) -> dict[str, int]:
        """Pieces that each account has ordered and not given back, by the database."""
        async with self.sessions() as session:
            return {str(account): int(pieces) for account, pieces in (await session.execute(_NET)).all()}

    async def ends(self) -> dict[str, int]:
        ends = await end_offsets(self.broker.address("operator"), [ORDERS.name])
        return {str(partition.number): end for partition, end in ends.items() if end}


@dataclass(frozen=True)
class Program:
    """A consumer as its reader starts it: a command, whose last argument is the file that it keeps its state in."""

    command: tuple[str, ...]
    environment: dict[str, str]
    state: Path

    async def started(self) -> asyncio.subprocess.Process:
        with self.state.with_suffix(".log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                *self.command, str(self.state), env=self.environment, stdout=log, stderr=log
            )

    def kept(self) -> dict[str, dict[str, int]]:
        """The `positions`, last numbers of `streams` and `quantities` that it has kept."""
        return json.loads(self.state.read_text()) if self.state.exists() else {"positions": {}}

    def gaps(self) -> list[str]:
        """Those that it has kept."""
        return list(self.kept()["gaps"])

    def said(self) -> str:
        return self.state.with_suffix(".log").read_text(errors="replace")
