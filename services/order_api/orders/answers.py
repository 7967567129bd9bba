"""What comes out at POST /orders and its neighbours. Encoded with msgspec: these are the hottest answers of the system."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, cast
from uuid import UUID

import msgspec
from msgspec import Meta

from ordercast.services.order_api.money import line_total, shown, shown_total
from ordercast.services.order_api.orders.tables import Order, OrderItem
from ordercast.services.order_api.orders.write_orders import OrderRow
from ordercast.services.order_api.refused_lines import ImportCounts, RefusedLine

LineTotal = Annotated[
    Decimal,
    Meta(
        description="quantity times unit_price, rounded half to even to what can be paid in the currency (ISO 4217)",
        examples=["25.00"],
    ),
]
Total = Annotated[
    Decimal,
    Meta(description="sum of the line totals, as ordered: what is cancelled is not taken off", examples=["25.00"]),
]


Status = Literal["PENDING", "CONFIRMED", "CANCELLED"]


class ItemAnswer(msgspec.Struct, frozen=True):
    line: Annotated[int, Meta(examples=[1])]
    product_id: int
    sku: str
    quantity: int
    cancelled_quantity: Annotated[int, Meta(description="how many of `quantity` were taken back", examples=[0])]
    unit_price: Annotated[Decimal, Meta(description="up to four decimals", examples=["12.50"])]
    line_total: LineTotal


class OrderAnswer(msgspec.Struct, frozen=True):
    """An order as its owner sees it."""

    id: UUID
    order_ref: Annotated[str | None, Meta(description="the shop's own number, of an order that was imported")]
    account_id: int
    account_ref: Annotated[str | None, Meta(description="the shop's own reference of the account")]
    kind: Annotated[
        Literal["order", "cancellation"],
        Meta(description="`cancellation`: a document out of a shop's history that takes back and orders nothing"),
    ]
    status: Status
    items: list[ItemAnswer]
    total: Total
    currency: Annotated[str, Meta(examples=["EUR"])]
    created_at: Annotated[datetime, Meta(description="when it was ordered: of an import, the shop's own time")]
    confirmed_at: datetime | None
    cancelled_at: Annotated[datetime | None, Meta(description="when the last piece was taken back")]
    updated_at: Annotated[datetime, Meta(description="when it was last written here")]


class OrderPage(msgspec.Struct, frozen=True):
    """`next_cursor` is what `updated_after` goes on with; None in a list."""

    data: list[OrderAnswer]
    has_more: bool
    next_cursor: str | None = None


class ImportAnswer(ImportCounts, frozen=True):
    """How many lines did what."""

    created: Annotated[int, Meta(description="orders that are new")]
    repeated: Annotated[int, Meta(description="lines of which all was known")]
    changed: Annotated[int, Meta(description="known orders that were confirmed or cancelled")]
    replaced: Annotated[int, Meta(description="known orders that were taken back and ordered anew")]
    refused: list[RefusedLine]


def answer_of_new(row: OrderRow, account_ref: str | None, skus: Mapping[int, str]) -> OrderAnswer:
    """An order that was placed here. `skus` by product."""
    return OrderAnswer(
        id=row.id,
        order_ref=row.order_ref,
        account_id=row.account_id,
        account_ref=account_ref,
        kind="order",
        status=cast("Status", row.status),
        items=[
            ItemAnswer(
                line=item.line,
                product_id=item.product_id,
                sku=skus[item.product_id],
                quantity=item.quantity,
                cancelled_quantity=0,
                unit_price=shown(item.unit_price),
                line_total=total,
            )
            for item, total in zip(row.items, row.line_totals, strict=True)
        ],
        total=row.total,
        currency=row.currency,
        created_at=row.created_at,
        confirmed_at=None,
        cancelled_at=None,
        updated_at=row.created_at,
    )


def answer_of(order: Order, account_ref: str | None, items: Sequence[tuple[OrderItem, str]]) -> OrderAnswer:
    """An order with its lines and their SKUs.

    The total is the stored one, so an order from before the rule of money keeps the one that it was placed with.
    """
    return OrderAnswer(
        id=order.id,
        order_ref=order.order_ref,
        account_id=order.account_id,
        account_ref=account_ref,
        kind="cancellation" if order.is_cancellation else "order",
        status=cast("Status", order.status),
        items=[
            ItemAnswer(
                line=item.line,
                product_id=item.product_id,
                sku=sku,
                quantity=item.quantity,
                cancelled_quantity=item.quantity if order.status == "CANCELLED" else item.cancelled_quantity,
                unit_price=shown(item.unit_price),
                line_total=line_total(item.quantity, item.unit_price, order.currency),
            )
            for item, sku in items
        ],
        total=shown_total(order.total, order.currency),
        currency=order.currency,
        created_at=order.created_at,
        confirmed_at=order.confirmed_at,
        cancelled_at=order.cancelled_at,
        updated_at=order.updated_at,
    )
