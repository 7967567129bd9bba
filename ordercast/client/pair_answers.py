"""What the worker knows of one account and one product, as order_api answers it."""

from datetime import date, datetime
from decimal import Decimal

from msgspec import Struct


class PairRow(Struct, frozen=True):
    """`ordercast.contracts.features` says what each field means; `updated_at` is when the worker changed it."""

    first_ordered_at: datetime | None
    first_quantity: int | None
    first_order_quantity: int | None
    first_price: Decimal | None
    order_count: int
    total_quantity: int
    cancelled_quantity: int
    view_count: int
    views_before_first_order: int
    last_viewed_at: datetime | None
    last_ordered_at: datetime | None
    updated_at: datetime


class PairDay(Struct, frozen=True):
    day: date
    known_on: date
    orders: int
    first_lines: int
    order_lines: int
    quantity: int
    amount: Decimal
    cancelled_quantity: int
    views: int
    carts: int


class KnownPair(Struct, frozen=True):
    """`row` is None before anything happened; `days` are the newest."""

    account_id: int
    product_id: int
    row: PairRow | None
    days: list[PairDay]
    has_more: bool
    as_of: datetime


class Difference(Struct, frozen=True):
    """Without a day it is in the feature row; without a `field` a whole row is missing or should not be there."""

    day: date | None
    known_on: date | None
    field: str | None
    expected: str | None
    found: str | None


class Verification(Struct, frozen=True):
    """`views_left_out` is why only what orders say was compared; None: all was."""

    difference_count: int
    differences: list[Difference]
    order_lines: int
    view_events: int
    records_read: int
    views_left_out: str | None
    as_of: datetime
    took_s: float
