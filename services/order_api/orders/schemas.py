"""What goes in and out at POST /orders and its neighbours."""

from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

import msgspec
from pydantic import BaseModel, Field

from ordercast.services.order_api.money import shown
from ordercast.services.order_api.orders.write_orders import OrderRow
from ordercast.services.shared.http.requests import RequestModel

# The largest real invoice that we know of has 1,114 lines.
MAX_ITEMS: Final = 2_000
MAX_QUANTITY: Final = 1_000_000

ProductId = Annotated[int, Field(gt=0, le=2**63 - 1)]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class ItemRequest(RequestModel):
    product_id: ProductId
    quantity: Quantity


class PlaceOrderRequest(RequestModel):
    items: Annotated[list[ItemRequest], Field(min_length=1, max_length=MAX_ITEMS)]


class ItemAnswer(msgspec.Struct, frozen=True):
    line: int
    product_id: int
    quantity: int
    unit_price: Decimal


class OrderAnswer(msgspec.Struct, frozen=True):
    """An order as its owner sees it. Encoded with msgspec: it is the hottest answer of the system."""

    id: UUID
    account_id: int
    status: str
    items: list[ItemAnswer]
    total: Decimal
    currency: str
    created_at: datetime


class OrderPage(msgspec.Struct, frozen=True):
    data: list[OrderAnswer]
    has_more: bool


class ItemDocument(BaseModel):
    line: int = Field(examples=[1])
    product_id: int
    quantity: int
    unit_price: str = Field(examples=["12.50"])


class OrderDocument(BaseModel):
    """OrderAnswer for the API's documentation."""

    id: UUID
    account_id: int
    status: str = Field(examples=["PENDING"])
    items: list[ItemDocument]
    total: str = Field(examples=["25.00"])
    currency: str = Field(examples=["EUR"])
    created_at: datetime


class OrderPageDocument(BaseModel):
    data: list[OrderDocument]
    has_more: bool


class RefusedLine(msgspec.Struct, frozen=True):
    """A line (from 1) of a batch that was not taken, and why."""

    line: int
    reason: str


class RefusedLineDocument(BaseModel):
    line: int
    reason: str


class ImportAnswer(msgspec.Struct, frozen=True):
    created: int
    repeated: int
    refused: list[RefusedLine]


class ImportDocument(BaseModel):
    """ImportAnswer for the API's documentation."""

    created: int
    repeated: int
    refused: list[RefusedLineDocument]


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
