"""Orders of a shop, the topics that they go to, and what notes deliveries to webhooks of them."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text

from ordercast.contracts.topics import ALL_TOPICS
from ordercast.services.order_api.orders.place_orders import Line, OrderRequest, PlaceOrders
from ordercast.services.order_api.orders.relay_outbox import RelayOutbox
from ordercast.services.order_api.webhooks import note_deliveries
from ordercast.services.order_api.webhooks.note_deliveries import NoteDeliveries
from ordercast.services.order_api.webhooks.subscriptions import ShownWebhook, add_subscription
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.kafka.memory import MemoryConsumer, MemoryLog
from ordercast.services.shared.kafka.ports import ReadPositions
from ordercast.services.shared.kafka.records import Partition

PARTITIONS: Final = 4
PLACES: Final = [
    Partition(topic.name, number)
    for topic in ALL_TOPICS
    if topic.name in note_deliveries.TOPICS
    for number in range(topic.partitions or PARTITIONS)
]
ORDERED: Final = """
    SELECT o.account_id, sum(i.quantity)::bigint FROM orders o JOIN order_items i ON i.order_id = o.id GROUP BY o.account_id
"""


class WebhookShop:
    """Orders, the log that they go to, and what notes and sends deliveries of it."""

    def __init__(self, sessions: Sessions, accounts: list[int], product: int) -> None:
        self.sessions, self.accounts, self.product = sessions, accounts, product
        self.log = MemoryLog()
        self.relay = RelayOutbox(sessions, self.log, partitions=PARTITIONS, owner="relay")
        self.note = NoteDeliveries(sessions, self.open_consumer, self.find_offsets)

    @asynccontextmanager
    async def open_consumer(self, read_positions: ReadPositions) -> AsyncIterator[MemoryConsumer]:
        yield MemoryConsumer(self.log, PLACES, read_positions)

    async def find_offsets(self, topics: Collection[str], since: datetime | None) -> Mapping[Partition, int]:
        found = {}
        for place in PLACES:
            records = self.log.records(*place)
            later = [
                record.offset for record in records if since and record.timestamp_ms >= since.timestamp() * 1000 // 1
            ]
            found[place] = min(later, default=len(records))
        return found

    async def subscribe(self, url: str, *types: str) -> ShownWebhook:
        async with self.sessions() as session, session.begin():
            return await add_subscription(
                session, account_id=self.accounts[0], url=url, event_types=types or ("order.placed",)
            )

    async def order(self, count: int) -> None:
        requests = [OrderRequest(self.accounts[n % 5], [Line(self.product, 1 + n % 3)]) for n in range(count)]
        await PlaceOrders(self.sessions, partitions=PARTITIONS)(requests)
        await self.relay.create_leases()
        await self.relay.renew_leases()
        while await self.relay.relay_once():
            pass

    async def noted(self) -> None:
        """Notes all that is in the log."""
        async with self.open_consumer(self.note.start_positions) as consumer:
            while slices := await consumer.poll(max_records=7, timeout_s=0):
                await self.note.note(slices)

    async def ask(self, query: str, **values: Any) -> list[Any]:
        async with self.sessions() as session, session.begin():
            return list((await session.execute(text(query), values)).all())

    async def change(self, statement: str) -> None:
        async with self.sessions() as session, session.begin():
            await session.execute(text(statement))

    async def states(self) -> dict[str, int]:
        rows = await self.ask("SELECT state, count(*) FROM webhook_deliveries GROUP BY 1")
        return {row[0]: row[1] for row in rows}

    async def ordered(self) -> dict[int, int]:
        return {row[0]: row[1] for row in await self.ask(ORDERED)}
