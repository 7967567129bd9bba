"""What goes out at /pairs."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final

from pydantic import BaseModel

from ordercast.services.order_api.pairs.read_pair import KnownPair
from ordercast.services.order_api.pairs.recompute import Difference
from ordercast.services.order_api.pairs.verify_pair import FEATURE_NAMES, Verified

# Of a pair that are shown, and differences that are told.
SHOWN_DAYS: Final = 60
MOST_DIFFERENCES: Final = 100


class RowAnswer(BaseModel):
    """The feature row; `ordercast.contracts.features` says what each field means. `updated_at` is when the worker changed it."""

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


class DayAnswer(BaseModel):
    """What happened on `day` (UTC) and was known on `known_on`; pieces that were taken back count on the order's day."""

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


class PairAnswer(BaseModel):
    """`row` is null before anything happened; `days` are the newest, `has_more` says whether there are others."""

    account_id: int
    product_id: int
    row: RowAnswer | None
    days: list[DayAnswer]
    has_more: bool
    as_of: datetime

    @classmethod
    def of(cls, account_id: int, product_id: int, known: KnownPair) -> "PairAnswer":
        row = known.row
        return cls(
            account_id=account_id,
            product_id=product_id,
            row=row and RowAnswer(**{name: getattr(row, name) for name in FEATURE_NAMES}, updated_at=row.updated_at),
            days=[DayAnswer(day=day, known_on=known_on, **sums) for (day, known_on), sums in known.days.items()],
            has_more=known.has_more,
            as_of=known.as_of,
        )


class DifferenceAnswer(BaseModel):
    """Without a day it is in the feature row; without a `field` a whole row is missing or should not be there."""

    day: date | None
    known_on: date | None
    field: str | None
    expected: str | None
    found: str | None

    @classmethod
    def of(cls, difference: Difference) -> "DifferenceAnswer":
        day, known_on = difference.day or (None, None)
        return cls(
            day=day,
            known_on=known_on,
            field=difference.field,
            expected=_text(difference.expected),
            found=_text(difference.found),
        )


class VerificationAnswer(BaseModel):
    """`difference_count` is 0 where the worker's row and days are as orders and views say. `views_left_out` is why only what orders
    say was compared; null: all was."""

    difference_count: int
    differences: list[DifferenceAnswer]
    order_lines: int
    view_events: int
    records_read: int
    views_left_out: str | None
    as_of: datetime
    took_s: float

    @classmethod
    def of(cls, verified: Verified) -> "VerificationAnswer":
        told = verified.differences
        return cls(
            difference_count=len(told),
            differences=[DifferenceAnswer.of(difference) for difference in told[:MOST_DIFFERENCES]],
            order_lines=verified.order_lines,
            view_events=verified.view_events,
            records_read=verified.records_read,
            views_left_out=verified.views_left_out,
            as_of=verified.as_of,
            took_s=round(verified.took_s, 3),
        )


def _text(value: Any) -> str | None:
    return None if value is None else value.isoformat() if isinstance(value, datetime) else str(value)
