"""Writes orders and their items, many at once. Part of the caller's transaction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Final
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.events import OrderItem
from ordercast.services.order_api.money import line_total

# What is placed here was written when it was ordered; what has a shop's own number was ordered before.
_ORDERS: Final = text("""
    INSERT INTO orders (id, account_id, status, currency, total, order_ref, is_cancellation,
                        created_at, confirmed_at, cancelled_at, updated_at)
    SELECT id, account_id, status, currency, total, order_ref, is_cancellation, created_at,
           confirmed_at, cancelled_at,
           CASE WHEN order_ref IS NULL THEN created_at ELSE now() END
    FROM unnest(
        CAST(:ids AS uuid[]), CAST(:accounts AS bigint[]), CAST(:statuses AS text[]), CAST(:currencies AS text[]),
        CAST(:totals AS numeric[]), CAST(:refs AS text[]), CAST(:cancellations AS boolean[]),
        CAST(:times AS timestamptz[]), CAST(:confirmed AS timestamptz[]), CAST(:cancelled AS timestamptz[])
    ) AS o (id, account_id, status, currency, total, order_ref, is_cancellation, created_at, confirmed_at, cancelled_at)
    ON CONFLICT (order_ref) DO NOTHING
    RETURNING id
""")
_ITEMS: Final = text("""
    INSERT INTO order_items (order_id, line, product_id, quantity, unit_price)
    SELECT * FROM unnest(
        CAST(:orders AS uuid[]), CAST(:lines AS smallint[]), CAST(:products AS bigint[]),
        CAST(:quantities AS bigint[]), CAST(:prices AS numeric[])
    )
""")


@dataclass(frozen=True)
class OrderRow:
    """An order to write. `created_at` is its event time; `order_ref` the shop's own number, if it has one."""

    id: UUID
    account_id: int
    status: str
    currency: str
    items: Sequence[OrderItem]
    created_at: datetime
    order_ref: str | None = None
    is_cancellation: bool = False
    confirmed_at: datetime | None = None
    cancelled_at: datetime | None = None

    @cached_property
    def line_totals(self) -> list[Decimal]:
        return [line_total(item.quantity, item.unit_price, self.currency) for item in self.items]

    @cached_property
    def total(self) -> Decimal:
        return sum(self.line_totals, start=Decimal(0))


async def write_orders(session: AsyncSession, orders: Sequence[OrderRow]) -> set[UUID]:
    """Writes the orders; the ids of those whose `order_ref` was not there before."""
    if not orders:
        return set()
    written = await session.execute(
        _ORDERS,
        {
            "ids": [order.id for order in orders],
            "accounts": [order.account_id for order in orders],
            "statuses": [order.status for order in orders],
            "currencies": [order.currency for order in orders],
            "totals": [order.total for order in orders],
            "refs": [order.order_ref for order in orders],
            "cancellations": [order.is_cancellation for order in orders],
            "times": [order.created_at for order in orders],
            "confirmed": [order.confirmed_at for order in orders],
            "cancelled": [order.cancelled_at for order in orders],
        },
    )
    ids = set(written.scalars())
    items = [(order.id, item) for order in orders if order.id in ids for item in order.items]
    await session.execute(
        _ITEMS,
        {
            "orders": [order_id for order_id, _ in items],
            "lines": [item.line for _, item in items],
            "products": [item.product_id for _, item in items],
            "quantities": [item.quantity for _, item in items],
            "prices": [item.unit_price for _, item in items],
        },
    )
    return ids
