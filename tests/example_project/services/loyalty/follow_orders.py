"""Reads the topic `orders` by its published contract: CloudEvents headers, JSON bodies, delivered at least once."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from infra.ledger import Ledger

# What a piece of an order counts, by the type of the event.
POINTS = {"ordercast.order.placed.v1": 1, "ordercast.order.cancelled.v1": -1}


@asynccontextmanager
async def running_loyalty(bootstrap: str, ledger: Ledger, *, group: str = "loyalty") -> AsyncIterator[None]:
    """The service, for as long as the block runs."""
    following = asyncio.create_task(follow_orders(bootstrap, ledger, group))
    try:
        yield
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


async def follow_orders(bootstrap: str, ledger: Ledger, group: str) -> None:
    """Keeps the ledger up to date, until it is cancelled: a point for each piece, taken back with a cancelled order."""
    consumer = AIOKafkaConsumer(
        "orders",
        bootstrap_servers=bootstrap,
        group_id=group,
        enable_auto_commit=False,
        auto_offset_reset="earliest",
    )
    async with consumer:
        while True:
            for records in (await consumer.getmany(timeout_ms=1_000)).values():
                record_points(records, ledger)
                await consumer.commit()  # after the ledger: a crash in between repeats events, and loses none


def record_points(records: Iterable[ConsumerRecord], ledger: Ledger) -> None:
    for record in records:
        headers = {name: value.decode() for name, value in record.headers}
        sign = POINTS.get(headers["ce_type"])
        if sign is not None:  # other types tell of nothing that counts
            order: dict[str, Any] = json.loads(record.value)
            pieces = sum(item["quantity"] for item in order["items"])
            ledger.record(headers["ce_id"], order["account_id"], sign * pieces)
