"""What order_api answers about products, orders, imports and trends, as types. Fields that a newer service adds are passed over."""

from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from msgspec import Struct

from ordercast.contracts.because import Because


class Product(Struct, frozen=True):
    id: int
    sku: str
    name: str
    price: Decimal
    currency: str
    active: bool = True
    created_at: datetime | None = None
    updated_at: datetime | None = None


class Review(Struct, frozen=True):
    """What an account says of a product that it ordered; `nickname` is its author's, `rating` from 1 to 5."""

    id: int
    product_id: int
    account_id: int
    nickname: str
    rating: int
    text: str
    created_at: datetime
    updated_at: datetime


class Price(Struct, frozen=True):
    """What a product costs, or has cost, since `valid_from`."""

    id: int
    price: Decimal
    currency: str
    valid_from: datetime


class OrderItem(Struct, frozen=True):
    line: int
    product_id: int
    quantity: int
    unit_price: Decimal
    line_total: Decimal
    sku: str
    cancelled_quantity: int


class Order(Struct, frozen=True):
    """`kind` is order, or cancellation for a document out of a shop's history that only takes back."""

    id: UUID
    order_ref: str | None
    account_id: int
    account_ref: str | None
    kind: str
    status: str
    items: list[OrderItem]
    total: Decimal
    currency: str
    created_at: datetime
    confirmed_at: datetime | None
    cancelled_at: datetime | None
    updated_at: datetime


class JourneyEvent(Struct, frozen=True):
    """An event of an order: `number` in the outbox's `shard`, and `offset` in that partition of the topic orders, once it is
    `published`. What nobody knows is None."""

    shard: int
    number: int
    state: str
    type: str | None
    event_id: UUID | None
    occurred_at: datetime | None
    committed_at: datetime | None
    trace_id: str | None
    offset: int | None
    reason: str | None


class Journey(Struct, frozen=True):
    """`kafka` is why it was not asked for the published events; None: it was."""

    order_id: UUID
    account_id: int
    events: list[JourneyEvent]
    kafka: str | None


class Changes(Struct, frozen=True):
    """Orders that are new or have changed; `next_cursor` is what to go on with."""

    data: list[Order]
    has_more: bool
    next_cursor: str


class RefusedLine(Struct, frozen=True):
    """A line (from 1) of an NDJSON body that was not taken, and why; `because` is the same as data, where the service has it so."""

    line: int
    reason: str
    because: Because | None = None


class ProductsAnswer(Struct, frozen=True):
    """Products of an import; `unchanged` ones were as they should be."""

    created: int
    changed: int
    unchanged: int
    refused: list[RefusedLine]


class BatchAnswer(Struct, frozen=True):
    accepted: int
    refused: list[RefusedLine]


class ImportAnswer(Struct, frozen=True):
    """Lines of an import: of new orders, of orders that were there, changed (confirmed, cancelled) or replaced, and refused."""

    created: int
    repeated: int
    refused: list[RefusedLine]
    changed: int = 0  # a service of the release before knows neither
    replaced: int = 0


class TrendFigures(Struct, frozen=True, kw_only=True):
    """`orders` are distinct orders; what was taken back counts when it was taken back, and `net_quantity` is without it.

    `conversion` is orders per view, None without views.
    """

    orders: int
    order_lines: int
    quantity: int
    cancelled_quantity: int
    net_quantity: int
    views: int
    conversion: float | None


class DayTrend(TrendFigures, frozen=True, kw_only=True):
    """One day of the zone that was asked for."""

    date: date


class ProductTrend(TrendFigures, frozen=True, kw_only=True):
    """One product over the whole period."""

    product_id: int
    sku: str
    name: str


class Trends(Struct, frozen=True):
    """The days of the zone `tz` on which something happened, and the ten products that were ordered most."""

    tz: str
    days: list[DayTrend]
    top_products: list[ProductTrend]
