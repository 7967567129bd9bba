"""What goes in at /orders."""

from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import Depends, Query
from pydantic import AfterValidator, Field, field_validator

from ordercast.contracts.limits import MAX_BIGINT, MAX_ITEMS, MAX_QUANTITY
from ordercast.services.order_api.orders.answers import Status
from ordercast.services.order_api.orders.read_orders import OrderFilter
from ordercast.services.shared.http.requests import (
    MAX_ID,
    PLAIN_INTEGER,
    WITHOUT_NUL,
    BodyModel,
    RequestModel,
    Timestamp,
)

ProductId = Annotated[int, Field(gt=0, le=MAX_BIGINT)]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class ItemRequest(RequestModel):
    product_id: ProductId
    quantity: Quantity


class PlaceOrderRequest(BodyModel):
    items: Annotated[list[ItemRequest], Field(min_length=1, max_length=MAX_ITEMS)]


class CancelItem(RequestModel):
    line: Annotated[int, Field(ge=1, le=MAX_ITEMS)]
    quantity: Quantity


class CancelOrderRequest(BodyModel):
    """What to take back. Without a body it is all that is left of the order."""

    items: Annotated[list[CancelItem], Field(min_length=1, max_length=MAX_ITEMS)]

    @field_validator("items")
    @classmethod
    def _each_line_once(cls, items: list[CancelItem]) -> list[CancelItem]:
        if len({item.line for item in items}) < len(items):
            raise ValueError("must name each line once")
        return items


def _in_utc(time: datetime) -> datetime:
    try:
        return time.astimezone(UTC)
    except OverflowError:
        raise ValueError("must lie between the years 1 and 9999") from None


_Time = Annotated[Timestamp, AfterValidator(_in_utc)]
_Id = Annotated[int, PLAIN_INTEGER, Field(ge=1, le=MAX_ID)]
_Ref = Annotated[str, Field(min_length=1, max_length=255), WITHOUT_NUL]
_From = Query(description="from this time on, with its zone", examples=["2026-01-01T00:00:00Z"])
_To = Query(description="before this time, with its zone", examples=["2026-02-01T00:00:00Z"])


async def _order_filter(
    status: Status | None = None,
    account_id: Annotated[_Id | None, Query(description="another's: not for customers")] = None,
    product_id: Annotated[_Id | None, Query(description="orders with this product in a line")] = None,
    order_ref: Annotated[_Ref | None, Query(description="the shop's own number of the order")] = None,
    created_from: Annotated[_Time | None, _From] = None,
    created_to: Annotated[_Time | None, _To] = None,
    updated_from: Annotated[_Time | None, _From] = None,
    updated_to: Annotated[_Time | None, _To] = None,
) -> OrderFilter:
    return OrderFilter(status, account_id, product_id, order_ref, created_from, created_to, updated_from, updated_to)


WantedOrders = Annotated[OrderFilter, Depends(_order_filter)]
# Characters of a cursor, which has a number for each of the topic's partitions.
_MAX_CURSOR: Final = 16_384
UpdatedAfter = Annotated[
    str | None,
    Query(
        max_length=_MAX_CURSOR,
        description="`start`, or the next_cursor of the answer before: every order and every change since, in the order of the "
        "commits; nothing is missed. Not for customers, and with `limit` alone",
    ),
]
