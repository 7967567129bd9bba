"""Sums events up to one change for each (account, product), and for each quarter of an hour of a product and of the shop. Pure.

Every sum is commutative, and "first" and "last" go by event time, so events give the same table in whatever order and
batches they come.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final, NamedTuple
from uuid import UUID

from ordercast.contracts.events import OrderCancelled, OrderItem, OrderPlaced, ProductViewed
from ordercast.contracts.topics import ORDERS
from ordercast.services.feature_worker.admit import Admitted
from ordercast.services.shared.db.features import TREND_BUCKET
from ordercast.services.shared.kafka.records import StoredRecord

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Pair(NamedTuple):
    account_id: int
    product_id: int


class ProductQuarter(NamedTuple):
    """A product in a quarter of an hour of event time, which is counted from 1970 on."""

    product_id: int
    quarter: int


class ShopQuarter(NamedTuple):
    """The accounts of a partition in a quarter of an hour of event time."""

    quarter: int
    partition: int


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
class Changes:
    """Everything that a batch changes."""

    pairs: dict[Pair, PairChange] = field(default_factory=dict)
    product_trends: defaultdict[ProductQuarter, TrendChange] = field(default_factory=lambda: defaultdict(TrendChange))
    shop_trends: defaultdict[ShopQuarter, TrendChange] = field(default_factory=lambda: defaultdict(TrendChange))


def aggregate(events: Iterable[Admitted]) -> Changes:
    """The changes that the events make together. Each event must be new: repeats count again here."""
    changes = Changes()
    for item in events:
        envelope = item.envelope
        event = envelope.event
        if isinstance(event, ProductViewed):
            _add_view(changes, item.record, event, envelope.time)
        elif isinstance(event, OrderPlaced):
            _add_order(changes, item.record, event, envelope.id, envelope.time)
        elif isinstance(event, OrderCancelled):
            _add_cancellation(changes, item.record, event, envelope.time)
    return changes


def _add_view(changes: Changes, record: StoredRecord, event: ProductViewed, time: datetime) -> None:
    pair = _change(changes, record, event.account_id, event.product_id)
    pair.view_count += event.count
    pair.views[time] = pair.views.get(time, 0) + event.count
    if pair.last_viewed_at is None or time > pair.last_viewed_at:
        pair.last_viewed_at = time
    quarter = _quarter(time)
    changes.product_trends[ProductQuarter(event.product_id, quarter)].views += event.count
    changes.shop_trends[ShopQuarter(quarter, record.partition.number)].views += event.count


def _add_order(changes: Changes, record: StoredRecord, event: OrderPlaced, event_id: UUID, time: datetime) -> None:
    quarter = _quarter(time)
    shop = changes.shop_trends[ShopQuarter(quarter, record.partition.number)]
    shop.orders += 1
    for product_id, (first, lines, quantity) in _by_product(event.items).items():
        pair = _change(changes, record, event.account_id, product_id)
        pair.order_count += 1
        pair.total_quantity += quantity
        candidate = FirstOrder(time, event_id, first.line, first.quantity, quantity, first.unit_price)
        if pair.first is None or candidate < pair.first:
            pair.first = candidate
        if pair.last_ordered_at is None or time > pair.last_ordered_at:
            pair.last_ordered_at = time
        product = changes.product_trends[ProductQuarter(product_id, quarter)]
        product.orders += 1
        for trend in (product, shop):
            trend.order_lines += lines
            trend.quantity += quantity


def _by_product(items: Iterable[OrderItem]) -> dict[int, tuple[OrderItem, int, int]]:
    """For each product of an order its line with the smallest number, how many lines there are, and the quantity of them all."""
    products: dict[int, tuple[OrderItem, int, int]] = {}
    for item in items:
        first, lines, quantity = products.get(item.product_id, (item, 0, 0))
        products[item.product_id] = (first if first.line <= item.line else item, lines + 1, quantity + item.quantity)
    return products


def _add_cancellation(changes: Changes, record: StoredRecord, event: OrderCancelled, time: datetime) -> None:
    quarter = _quarter(time)
    shop = changes.shop_trends[ShopQuarter(quarter, record.partition.number)]
    for item in event.items:
        _change(changes, record, event.account_id, item.product_id).cancelled_quantity += item.quantity
        changes.product_trends[ProductQuarter(item.product_id, quarter)].cancelled_quantity += item.quantity
        shop.cancelled_quantity += item.quantity


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
    return (time - EPOCH) // TREND_BUCKET
