"""What comes out at POST /orders and its neighbours. Encoded with msgspec: these are the hottest answers of the system."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated
from uuid import UUID

import msgspec
from msgspec import Meta

from ordercast.services.order_api.money import shown
from ordercast.services.order_api.orders.write_orders import OrderRow


class ItemAnswer(msgspec.Struct, frozen=True):
    line: Annotated[int, Meta(examples=[1])]
    product_id: int
    quantity: int
    unit_price: Annotated[Decimal, Meta(examples=["12.50"])]


class OrderAnswer(msgspec.Struct, frozen=True):
    """An order as its owner sees it."""

    id: UUID
    account_id: int
    status: Annotated[str, Meta(examples=["PENDING"])]
    items: list[ItemAnswer]
    total: Annotated[Decimal, Meta(examples=["25.00"])]
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


def answer_of(row: OrderRow) -> OrderAnswer:
    return OrderAnswer(
        id=row.id,
        account_id=row.account_id,
        status=row.status,
        items=[ItemAnswer(item.line, item.product_id, item.quantity, shown(item.unit_price)) for item in row.items],
        total=shown(row.total),
        currency=row.currency,
        created_at=row.created_at,
    )
