"""What comes out at POST /orders and its neighbours. Encoded with msgspec: these are the hottest answers of the system."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from ordercast.services.order_api.money import line_total, shown, shown_total
from ordercast.services.order_api.orders.tables import Order, OrderItem
from ordercast.services.order_api.orders.write_orders import OrderRow

LineTotal = Annotated[
    Decimal,
    Meta(
        description="quantity times unit_price, rounded half to even to what can be paid in the currency (ISO 4217)",
        examples=["25.00"],
    ),
]
Total = Annotated[Decimal, Meta(description="sum of the items' line totals, as ordered", examples=["25.00"])]


class ItemAnswer(msgspec.Struct, frozen=True):
    line: Annotated[int, Meta(examples=[1])]
    product_id: int
    quantity: int
    unit_price: Annotated[Decimal, Meta(description="up to four decimals", examples=["12.50"])]
    line_total: LineTotal


class OrderAnswer(msgspec.Struct, frozen=True):
    """An order as its owner sees it."""

    id: UUID
    account_id: int
    status: Annotated[str, Meta(examples=["PENDING"])]
    items: list[ItemAnswer]
    total: Total
    currency: Annotated[str, Meta(examples=["EUR"])]
    created_at: datetime


class OrderPage(msgspec.Struct, frozen=True):
    data: list[OrderAnswer]
    has_more: bool


class RefusedLine(msgspec.Struct, frozen=True):
    """A line (from 1) of a batch that was not taken, and why."""

    line: int
    reason: str


class ImportAnswer(msgspec.Struct, frozen=True):
    created: int
    repeated: int
    refused: list[RefusedLine]


def answer_of_new(row: OrderRow) -> OrderAnswer:
    return OrderAnswer(
        id=row.id,
        account_id=row.account_id,
        status=row.status,
        items=[
            ItemAnswer(item.line, item.product_id, item.quantity, shown(item.unit_price), total)
            for item, total in zip(row.items, row.line_totals, strict=True)
        ],
        total=row.total,
        currency=row.currency,
        created_at=row.created_at,
    )


def answer_of(order: Order, items: Sequence[OrderItem]) -> OrderAnswer:
    """The total is the stored one, so an order from before the rule of money keeps the one that it was placed with."""
    return OrderAnswer(
        id=order.id,
        account_id=order.account_id,
        status=order.status,
        items=[
            ItemAnswer(
                line=item.line,
                product_id=item.product_id,
                quantity=item.quantity,
                unit_price=shown(item.unit_price),
                line_total=line_total(item.quantity, item.unit_price, order.currency),
            )
            for item in items
        ],
        total=shown_total(order.total, order.currency),
        currency=order.currency,
        created_at=order.created_at,
    )
