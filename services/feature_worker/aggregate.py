"""Sums events up to one change for each (account, product), for each of its days, and for each quarter of an hour of a product
and of the shop. Pure.

Every sum is commutative, and "first" and "last" go by event time, so events give the same table in whatever order and
batches they come.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

from ordercast.contracts.events import OrderCancelled, OrderItem, OrderPlaced, ProductCarted, ProductViewed
from ordercast.contracts.topics import ORDERS
from ordercast.services.shared.db.features import TREND_BUCKET
from ordercast.services.shared.kafka.admit import Admitted
from ordercast.services.shared.kafka.records import StoredRecord

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
EPOCH_DAY: Final = date(1970, 1, 1)
QUARTERS_OF_A_DAY: Final = timedelta(days=1) // TREND_BUCKET
_SECONDS_OF_A_QUARTER: Final = TREND_BUCKET // timedelta(seconds=1)

# account_id, product_id, day, known_on: days of event time, counted from 1970 on. A plain tuple, one is made for every event.
ActivityKey: TypeAlias = tuple[int, int, int, int]
# A product's id, or of the shop the partition whose accounts are counted, and a quarter of an hour of event time, counted from
# 1970 on. Plain tuples: named ones take several times as long to make, and each event makes two.
ProductQuarter: TypeAlias = tuple[int, int]
PartitionQuarter: TypeAlias = tuple[int, int]
# When orders were placed, by id, for cancellations that do not say so themselves.
PlacedAt: TypeAlias = Mapping[UUID, datetime]


class Pair(NamedTuple):
    account_id: int
    product_id: int


class FirstOrder(NamedTuple):
    """A candidate for a pair's first order line. The smallest one, by these fields in this order, wins.

    `quantity` is the line's, `order_quantity` that of the order's lines with the product together.
    """

    ordered_at: datetime
    event_id: UUID
    line: int
    quantity: int
    order_quantity: int
    price: Decimal


@dataclass(slots=True)
class PairChange:
    """What a batch adds to a pair. `views` are counts by event time; `first` is the batch's own candidate."""

    partition: int
    first: FirstOrder | None = None
    order_count: int = 0
    total_quantity: int = 0
    cancelled_quantity: int = 0
    view_count: int = 0
    views: dict[datetime, int] = field(default_factory=dict)
    last_viewed_at: datetime | None = None
    last_ordered_at: datetime | None = None
    orders_offset: int | None = None
    views_offset: int | None = None


@dataclass(slots=True)
class TrendChange:
    """What a batch adds to a quarter of an hour."""

    orders: int = 0
    order_lines: int = 0
    quantity: int = 0
    cancelled_quantity: int = 0
    views: int = 0


@dataclass(slots=True)
class ActivityChange:
    """What a batch adds to a day of a pair. See `contracts.activity` for the meaning of each sum."""

    orders: int = 0
    first_lines: int = 0
    order_lines: int = 0
    quantity: int = 0
    amount: Decimal = Decimal(0)
    cancelled_quantity: int = 0
    views: int = 0
    carts: int = 0


@dataclass(slots=True)
class Changes:
    """Everything that a batch changes."""

    pairs: dict[Pair, PairChange] = field(default_factory=dict)
    product_trends: defaultdict[ProductQuarter, TrendChange] = field(default_factory=lambda: defaultdict(TrendChange))
    shop_trends: defaultdict[PartitionQuarter, TrendChange] = field(default_factory=lambda: defaultdict(TrendChange))
    activity: defaultdict[ActivityKey, ActivityChange] = field(default_factory=lambda: defaultdict(ActivityChange))


class _Ordered(NamedTuple):
    """The lines of an order with one product; `first` is the one with the smallest number."""

    first: OrderItem
    lines: int
    quantity: int
    amount: Decimal


def aggregate(events: Iterable[Admitted], placed_at: PlacedAt | None = None) -> Changes:
    """The changes that the events make together. Each event must be new: repeats count again here."""
    placed_at = placed_at or {}
    changes = Changes()
    for item in events:
        envelope = item.envelope
        event = envelope.event
        if isinstance(event, ProductViewed):
            _add_view(changes, item.record, event, envelope.time)
        elif isinstance(event, OrderPlaced):
            _add_order(changes, item.record, event, envelope.id, envelope.time)
        elif isinstance(event, OrderCancelled):
            placed = event.placed_at or placed_at.get(event.order_id, envelope.time)
            _add_cancellation(changes, item.record, event, envelope.time, placed)
        elif isinstance(event, ProductCarted):
            day = _quarter(envelope.time) // QUARTERS_OF_A_DAY
            changes.activity[event.account_id, event.product_id, day, day].carts += event.count
    return changes


def _add_view(changes: Changes, record: StoredRecord, event: ProductViewed, time: datetime) -> None:
    pair = _change(changes, record, event.account_id, event.product_id)
    pair.view_count += event.count
    pair.views[time] = pair.views.get(time, 0) + event.count
    if pair.last_viewed_at is None or time > pair.last_viewed_at:
        pair.last_viewed_at = time
    quarter = _quarter(time)
    changes.product_trends[event.product_id, quarter].views += event.count
    changes.shop_trends[record.partition.number, quarter].views += event.count
    day = quarter // QUARTERS_OF_A_DAY
    changes.activity[event.account_id, event.product_id, day, day].views += event.count


def _add_order(changes: Changes, record: StoredRecord, event: OrderPlaced, event_id: UUID, time: datetime) -> None:
    quarter = _quarter(time)
    shop = changes.shop_trends[record.partition.number, quarter]
    shop.orders += 1
    day = quarter // QUARTERS_OF_A_DAY
    products = _by_product(event.items)
    first_line = min((ordered.first.line for ordered in products.values()), default=0)
    for product_id, (first, lines, quantity, amount) in products.items():
        pair = _change(changes, record, event.account_id, product_id)
        pair.order_count += 1
        pair.total_quantity += quantity
        candidate = FirstOrder(time, event_id, first.line, first.quantity, quantity, first.unit_price)
        if pair.first is None or candidate < pair.first:
            pair.first = candidate
        if pair.last_ordered_at is None or time > pair.last_ordered_at:
            pair.last_ordered_at = time
        product = changes.product_trends[product_id, quarter]
        product.orders += 1
        for trend in (product, shop):
            trend.order_lines += lines
            trend.quantity += quantity
        activity = changes.activity[event.account_id, product_id, day, day]
        activity.orders += 1
        activity.first_lines += first.line == first_line
        activity.order_lines += lines
        activity.quantity += quantity
        activity.amount += amount


def _by_product(items: Iterable[OrderItem]) -> dict[int, _Ordered]:
    products: dict[int, _Ordered] = {}
    for item in items:
        amount = item.unit_price * item.quantity
        ordered = products.get(item.product_id)
        if ordered is None:
            products[item.product_id] = _Ordered(item, 1, item.quantity, amount)
        else:
            products[item.product_id] = _Ordered(
                ordered.first if ordered.first.line <= item.line else item,
                ordered.lines + 1,
                ordered.quantity + item.quantity,
                ordered.amount + amount,
            )
    return products


def _add_cancellation(
    changes: Changes, record: StoredRecord, event: OrderCancelled, time: datetime, placed_at: datetime
) -> None:
    quarter = _quarter(time)
    day = _quarter(placed_at) // QUARTERS_OF_A_DAY
    # Never known before the order itself, whatever the clocks say.
    known_on = max(day, quarter // QUARTERS_OF_A_DAY)
    shop = changes.shop_trends[record.partition.number, quarter]
    for item in event.items:
        _change(changes, record, event.account_id, item.product_id).cancelled_quantity += item.quantity
        changes.product_trends[item.product_id, quarter].cancelled_quantity += item.quantity
        shop.cancelled_quantity += item.quantity
        activity = changes.activity[event.account_id, item.product_id, day, known_on]
        activity.cancelled_quantity += item.quantity


def _change(changes: Changes, record: StoredRecord, account_id: int, product_id: int) -> PairChange:
    """The pair's change, marked with the record's offset."""
    topic, partition = record.partition
    pair = changes.pairs.get(key := Pair(account_id, product_id))
    if pair is None:
        pair = changes.pairs[key] = PairChange(partition)
    if topic == ORDERS.name:
        pair.orders_offset = max(record.offset, pair.orders_offset or 0)
    else:
        pair.views_offset = max(record.offset, pair.views_offset or 0)
    return pair


def _quarter(time: datetime) -> int:
    """As `(time - EPOCH) // TREND_BUCKET`, in a third of the time: this is done for every event."""
    since = time - EPOCH
    return since.days * QUARTERS_OF_A_DAY + since.seconds // _SECONDS_OF_A_QUARTER
