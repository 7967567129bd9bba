"""Notes which events are to be sent to whom: one more consumer group, whose positions stand in PostgreSQL.

Deliveries and position are written in one transaction, so each event is noted for each subscription, whatever ends in the middle;
what Kafka has twice is noted once. Without a subscription nothing is read, and no connection to Kafka is open.

This goes on beside the outbox's relay, and must never end it (`keep_going.py`).
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Final

from sqlalchemy import text

from ordercast.contracts.topics import ACCOUNTS, ALL_TOPICS
from ordercast.services.order_api.errors import PositionMoved
from ordercast.services.order_api.webhooks.deliveries import Delivery, deliveries_of
from ordercast.services.order_api.webhooks.keep_going import keep_going
from ordercast.services.order_api.webhooks.positions import (
    create_positions,
    forget_positions,
    lock_positions,
    move_positions,
    read_positions,
)
from ordercast.services.order_api.webhooks.subscriptions import locked_subscriptions
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.kafka.ports import Consumer, ReadPositions, Slice
from ordercast.services.shared.kafka.records import Partition

# Kafka's consumer group.
GROUP: Final = "webhooks"
# Not `accounts`: its nicknames would stand in deliveries, where an erasure does not find them.
TOPICS: Final = tuple(topic.name for topic in ALL_TOPICS if topic.events and topic is not ACCOUNTS)
# Of one transaction: some 300 kB for each subscription.
BATCH: Final = 200
# Of one poll (s), and between two looks at whether anybody subscribes.
LOOK_S: Final = 1.0

_NOTE: Final = text("""
    INSERT INTO webhook_deliveries (webhook_id, message_id, event_type, body)
    SELECT * FROM unnest(
        CAST(:webhooks AS bigint[]), CAST(:ids AS text[]), CAST(:types AS text[]), CAST(:bodies AS bytea[])
    )
    ON CONFLICT (webhook_id, message_id) DO NOTHING
""")

OpenConsumer = Callable[[ReadPositions], AbstractAsyncContextManager[Consumer]]
FindOffsets = Callable[[Collection[str], datetime | None], Awaitable[Mapping[Partition, int]]]


class NoteDeliveries:
    """One of possibly several: Kafka shares the partitions out among the members of the group."""

    def __init__(self, sessions: Sessions, open_consumer: OpenConsumer, find_offsets: FindOffsets) -> None:
        self._sessions = sessions
        self._open_consumer = open_consumer
        self._find_offsets = find_offsets

    async def run(self, stopping: asyncio.Event) -> None:
        """Until `stopping` is set."""

        async def follow() -> float:
            if await self.first_since() is not None:
                await self._follow(stopping)
            return LOOK_S

        await keep_going(follow, stopping, name="note")

    async def first_since(self) -> datetime | None:
        """From when on the events are wanted; None where nobody subscribes, and the positions are forgotten then."""
        async with self._sessions() as session, session.begin():
            subscriptions = await locked_subscriptions(session)
            if not subscriptions:
                await forget_positions(session)
            return min((subscription.since for subscription in subscriptions), default=None)

    async def start_positions(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        """Where to go on. What is read for the first time begins with what the oldest subscription has to get.

        Raises:
            PositionMoved: nobody subscribes any more. To begin at the end would miss what comes for the next one meanwhile.
        """
        since = await self.first_since()
        if since is None:
            raise PositionMoved("nobody subscribes to webhooks any more")
        async with self._sessions() as session, session.begin():
            stored = await read_positions(session)
        if not stored.keys() >= set(partitions):
            topics = sorted({partition.topic for partition in partitions})
            found = await self._find_offsets(topics, since)
            async with self._sessions() as session, session.begin():
                await create_positions(session, {partition: found[partition] for partition in sorted(partitions)})
                stored = await read_positions(session)
        return {partition: stored[partition] for partition in partitions}

    async def note(self, slices: Sequence[Slice]) -> None:
        """
        Raises:
            PositionMoved: another one has noted them, or nobody subscribes any more.
        """
        async with self._sessions() as session, session.begin():
            subscriptions = await locked_subscriptions(session)
            await lock_positions(session, slices)
            if deliveries := list(deliveries_of(slices, subscriptions)):
                await session.execute(_NOTE, _columns(deliveries))
            await move_positions(session, slices)

    async def _follow(self, stopping: asyncio.Event) -> None:
        """As long as somebody subscribes."""
        async with self._open_consumer(self.start_positions) as consumer:
            while not stopping.is_set() and await self.first_since() is not None:
                slices = await consumer.poll(max_records=BATCH, timeout_s=LOOK_S)
                if not slices:
                    continue
                try:
                    await self.note(slices)
                except PositionMoved:
                    consumer.reposition()
                else:
                    await consumer.show_positions({piece.partition: piece.end for piece in slices})


def _columns(deliveries: Sequence[Delivery]) -> dict[str, list[int] | list[str] | list[bytes]]:
    return {
        "webhooks": [delivery.webhook_id for delivery in deliveries],
        "ids": [delivery.message_id for delivery in deliveries],
        "types": [delivery.event_type for delivery in deliveries],
        "bodies": [delivery.body for delivery in deliveries],
    }
