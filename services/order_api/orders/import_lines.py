"""The lines of POST /orders/import, and the order that each one becomes."""

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta
from uuid_utils.compat import uuid7

from ordercast.contracts.events import OrderItem
from ordercast.contracts.limits import MAX_ITEMS, MAX_QUANTITY
from ordercast.services.order_api import event_times
from ordercast.services.order_api.ndjson import LineRefused
from ordercast.services.order_api.orders.write_orders import OrderRow
from ordercast.services.order_api.references import PricedProduct
from ordercast.services.order_api.text import AccountRef, Name, Reference, Sku

# A decimal string that fits NUMERIC(12,4): no exponent, no sign, no NaN.
PriceText = Annotated[
    str,
    Meta(
        pattern=r"\A[0-9]{1,8}(\.[0-9]{1,4})?\Z",
        description='a decimal with at most 4 decimals, from 0 to 99999999.9999, as text such as "12.50"',
    ),
]
_QUANTITY: Final = f"a whole number from 1 to {MAX_QUANTITY:,}"
_Pieces = Meta(ge=1, le=MAX_QUANTITY, description=_QUANTITY)
# Spreadsheets write whole numbers as 2.0.
Quantity = Annotated[int, _Pieces] | Annotated[float, _Pieces]


class ImportItem(msgspec.Struct, forbid_unknown_fields=True):
    sku: Sku
    quantity: Quantity
    unit_price: PriceText
    name: Name | None = None

    def __post_init__(self) -> None:
        if self.quantity != int(self.quantity):
            raise ValueError(f"quantity must be {_QUANTITY}")
        self.quantity = int(self.quantity)
        self.sku = self.sku.strip()
        self.name = self.name and self.name.strip()


class ImportLine(msgspec.Struct, forbid_unknown_fields=True):
    """An order of the past. CANCELLED is a cancellation: its quantities are taken back, and it orders nothing."""

    order_ref: Reference
    account_ref: AccountRef
    occurred_at: Annotated[datetime, Meta(tz=True)]
    items: Annotated[
        list[ImportItem],
        Meta(min_length=1, max_length=MAX_ITEMS, description=f"a list of 1 to {MAX_ITEMS:,} items"),
    ]
    status: Literal["PENDING", "CONFIRMED", "CANCELLED"] = "CONFIRMED"


def order_row(
    line: ImportLine, accounts: Mapping[str, int], products: Mapping[str, PricedProduct], now: datetime
) -> OrderRow:
    """The order of a line, at the prices that the line states.

    Raises:
        LineRefused: it names an account or product that is not there, more than one currency, or an impossible time.
    """
    if line.account_ref not in accounts:
        raise LineRefused(f"there is no account with the reference {line.account_ref!r}")
    for item in line.items:
        if item.sku not in products:
            raise LineRefused(f"there is no product with the sku {item.sku!r}")
    currencies = {products[item.sku].currency for item in line.items}
    if len(currencies) > 1:
        raise LineRefused(f"an order has one currency, its products have {', '.join(sorted(currencies))}")
    if reason := event_times.refusal(line.occurred_at, now):
        raise LineRefused(reason)
    return OrderRow(
        id=uuid7(),
        account_id=accounts[line.account_ref],
        status=line.status,
        currency=currencies.pop(),
        items=[
            OrderItem(number, products[item.sku].id, int(item.quantity), Decimal(item.unit_price))
            for number, item in enumerate(line.items, start=1)
        ],
        created_at=line.occurred_at.astimezone(UTC),
        order_ref=line.order_ref,
        is_cancellation=line.status == "CANCELLED",
    )
