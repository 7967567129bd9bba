"""What the worker should know of one account and one product, out of its orders and views. Pure.

It follows the meaning of each feature (`contracts.features`, `contracts.activity`) and shares no aggregation with the worker.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

# What views alone say: not compared where they were not read.
OF_VIEWS: Final = frozenset({"view_count", "views_before_first_order", "last_viewed_at", "views", "carts"})
SUMS: Final = (
    *("orders", "first_lines", "order_lines", "quantity", "amount", "cancelled_quantity"),
    *("views", "carts"),
)

Fields = Mapping[str, Any]
# day of the order or view, and the day on which it was known
Day = tuple[date, date]


@dataclass(frozen=True, slots=True)
class Line:
    """Of an order, with the product."""

    order_id: UUID
    number: int
    quantity: int
    price: Decimal
    ordered_at: datetime


@dataclass(frozen=True, slots=True)
class TakenBack:
    quantity: int
    ordered_at: datetime
    cancelled_at: datetime


@dataclass(frozen=True, slots=True)
class Seen:
    """A view, or how often it was put into a cart."""

    count: int
    at: datetime
    is_cart: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """`day` is None in the feature row, `field` where a whole row is missing or should not be there."""

    day: Day | None
    field: str | None
    expected: Any
    found: Any


@dataclass(frozen=True, slots=True)
class Sources:
    """`seen` is None where the views were not read."""

    lines: Sequence[Line]
    taken_back: Sequence[TakenBack]
    seen: Sequence[Seen] | None


def expected_row(sources: Sources) -> dict[str, Any] | None:
    """The feature row; None: nothing happened."""
    lines, views = sources.lines, [seen for seen in sources.seen or () if not seen.is_cart]
    if not (lines or sources.taken_back or views):
        return None
    first = min(lines, key=lambda line: (line.ordered_at, line.order_id, line.number), default=None)
    before = [seen for seen in views if first is None or seen.at < first.ordered_at]
    return {
        "first_ordered_at": first and first.ordered_at,
        "first_quantity": first and first.quantity,
        "first_order_quantity": first and sum(line.quantity for line in lines if line.order_id == first.order_id),
        "first_price": first and first.price,
        "order_count": len({line.order_id for line in lines}),
        "total_quantity": sum(line.quantity for line in lines),
        "cancelled_quantity": sum(taken.quantity for taken in sources.taken_back),
        "view_count": sum(seen.count for seen in views),
        "views_before_first_order": sum(seen.count for seen in before),
        "last_viewed_at": max((seen.at for seen in views), default=None),
        "last_ordered_at": max((line.ordered_at for line in lines), default=None),
    }


def expected_days(sources: Sources) -> dict[Day, dict[str, Any]]:
    days: defaultdict[Day, dict[str, Any]] = defaultdict(lambda: dict.fromkeys(SUMS, 0))
    orders = set[UUID]()
    for line in sources.lines:
        sums = days[_same_day(line.ordered_at)]
        sums["orders"] += line.order_id not in orders
        orders.add(line.order_id)
        sums["first_lines"] += line.number == 1
        sums["order_lines"] += 1
        sums["quantity"] += line.quantity
        sums["amount"] += line.price * line.quantity
    for taken in sources.taken_back:
        known_on = max(taken.ordered_at, taken.cancelled_at)
        days[_day(taken.ordered_at), _day(known_on)]["cancelled_quantity"] += taken.quantity
    for seen in sources.seen or ():
        days[_same_day(seen.at)]["carts" if seen.is_cart else "views"] += seen.count
    return dict(days)


def differences(sources: Sources, row: Fields | None, days: Mapping[Day, Fields]) -> list[Difference]:
    """Every field in which the worker's row and days are not as expected, and every row that only one side has."""
    left_out = OF_VIEWS if sources.seen is None else frozenset[str]()
    found = list(_compared(None, expected_row(sources), row, left_out))
    expected = expected_days(sources)
    for day in sorted(expected.keys() | days.keys()):
        found += _compared(day, expected.get(day), days.get(day), left_out)
    return found


def _compared(
    day: Day | None, expected: Fields | None, found: Fields | None, left_out: frozenset[str]
) -> Iterable[Difference]:
    if found is None and expected is not None:
        yield Difference(day, None, "a row", None)
    elif found is not None and expected is None:
        # Where the views were not read, it may be theirs.
        if not left_out:
            yield Difference(day, None, None, "a row")
    elif found is not None and expected is not None:
        for field, value in expected.items():
            if field not in left_out and found[field] != value:
                yield Difference(day, field, value, found[field])


def _day(moment: datetime) -> date:
    return moment.astimezone(UTC).date()


def _same_day(moment: datetime) -> Day:
    return _day(moment), _day(moment)
