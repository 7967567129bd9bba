"""The lines of POST /orders/import, and what each one says of its order."""

from datetime import datetime
from typing import Annotated, Final, Literal

import msgspec
from msgspec import Meta

from ordercast.contracts import event_times
from ordercast.contracts.limits import MAX_BIGINT, MAX_ITEMS, MAX_QUANTITY
from ordercast.contracts.text import AccountRef, Currency, Name, PriceText, Reference, Sku
from ordercast.services.order_api.ndjson import LineRefused

_QUANTITY: Final = f"a whole number from 1 to {MAX_QUANTITY:,}"
_Pieces = Meta(ge=1, le=MAX_QUANTITY, description=_QUANTITY)
# Spreadsheets write whole numbers as 2.0.
Quantity = Annotated[int, _Pieces] | Annotated[float, _Pieces]
AccountId = Annotated[int, Meta(ge=1, le=MAX_BIGINT, description="an account's id as a number")]
Moment = Annotated[datetime, Meta(tz=True)]


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
    """What a shop's history says of one order: what was ordered when, and what has become of it since.

    A `cancellation` is a document of its own that only takes back; it has no status. A CANCELLED order was ordered first.
    """

    order_ref: Reference
    account_ref: AccountRef | AccountId
    occurred_at: Moment
    items: Annotated[
        list[ImportItem],
        Meta(min_length=1, max_length=MAX_ITEMS, description=f"a list of 1 to {MAX_ITEMS:,} items"),
    ]
    kind: Literal["order", "cancellation"] | None = None  # none is an order
    status: Literal["PENDING", "CONFIRMED", "CANCELLED"] | None = None  # none is CONFIRMED
    confirmed_at: Moment | None = None
    cancelled_at: Moment | None = None
    currency: Currency | None = None

    def __post_init__(self) -> None:
        if self.is_cancellation:
            for name in ("status", "confirmed_at", "cancelled_at"):
                if getattr(self, name) is not None:
                    raise ValueError(f"{name} does not go with the kind cancellation, which only takes back")
            return
        self.status = self.status or "CONFIRMED"
        if self.status == "PENDING" and self.confirmed_at is not None:
            raise ValueError("confirmed_at does not go with the status PENDING")
        if self.status != "CANCELLED" and self.cancelled_at is not None:
            raise ValueError(f"cancelled_at does not go with the status {self.status}")

    @property
    def is_cancellation(self) -> bool:
        return self.kind == "cancellation"

    @property
    def was_confirmed_at(self) -> datetime | None:
        """When it was confirmed, if the line says that it was."""
        return self.confirmed_at or (self.occurred_at if self.status == "CONFIRMED" else None)

    @property
    def was_cancelled_at(self) -> datetime | None:
        return self.cancelled_at or (self.occurred_at if self.status == "CANCELLED" else None)


def check_times(line: ImportLine, now: datetime) -> None:
    """
    Raises:
        LineRefused: it names a time when nothing can have happened.
    """
    for name in ("occurred_at", "confirmed_at", "cancelled_at"):
        moment: datetime | None = getattr(line, name)
        if moment is not None and (reason := event_times.refusal(moment, now, name)):
            raise LineRefused(reason)
