"""Every event type that Ordercast publishes; nothing else defines one.

Bodies are JSON (msgspec). A published version never changes its meaning: a new field has a default, anything else is a new
version with a new type name. `tests/unit/contracts/golden/` keeps one example of each version.
"""

from datetime import date, datetime
from decimal import Decimal
from typing import Final, TypeAlias
from uuid import UUID

import msgspec


class OrderItem(msgspec.Struct, frozen=True):
    """One line of an order. `unit_price` is in the order's currency, copied from the product when the order was placed."""

    line: int
    product_id: int
    quantity: int
    unit_price: Decimal


class OrderPlaced(msgspec.Struct, frozen=True):
    """An order was accepted. Its event id is the order id. `status` is PENDING, or CONFIRMED for a shop's own history."""

    order_id: UUID
    account_id: int
    status: str
    currency: str
    total: Decimal
    items: list[OrderItem]
    placed_at: datetime
    order_ref: str | None = None


class OrderConfirmed(msgspec.Struct, frozen=True):
    order_id: UUID
    account_id: int
    confirmed_at: datetime


class OrderCancelled(msgspec.Struct, frozen=True):
    """An order was cancelled, or pieces of it came back; `items` are the quantities that it takes back. An order may have several.

    A cancellation out of a shop's history (`order_ref` set) stands for itself: no OrderPlaced came before it. `placed_at` is the
    order's own time; None for such a cancellation, and in events from before the field.
    """

    order_id: UUID
    account_id: int
    items: list[OrderItem]
    cancelled_at: datetime
    order_ref: str | None = None
    placed_at: datetime | None = None


class OrderUnpublishable(msgspec.Struct, frozen=True):
    """Stands under the number of an order's event that Kafka refused for good, so that its stream has no gap. It counts nothing.

    The event itself (`event_type`, `event_id`) is kept, and may come later under its own id and another number.
    """

    order_id: UUID
    account_id: int
    event_type: str
    event_id: UUID
    reason: str


class ProductViewed(msgspec.Struct, frozen=True):
    """An account looked at a product `count` times. `simulated` marks views that no person made."""

    account_id: int
    product_id: int
    count: int
    occurred_at: datetime
    simulated: bool = False


class ProductCarted(msgspec.Struct, frozen=True):
    """An account put a product into its cart, `count` times; what it takes out again has no event. It is no view.

    A type of its own: who does not know it would count a view.
    """

    account_id: int
    product_id: int
    count: int
    occurred_at: datetime
    simulated: bool = False


class PredictionMade(msgspec.Struct, frozen=True):
    """What an account was said to order of a product in the `horizon_days` days (UTC) from `starts_on` on, as all before was known.

    A sample of the answers for now. The pieces lie from `low` to `high` with the probability `level`; `naive_quantity` is what the
    pair's own rate so far says, so that both can be judged by the same orders.
    """

    account_id: int
    product_id: int
    recipe: str
    model_version: str
    made_at: datetime
    starts_on: date
    horizon_days: int
    order_probability: float
    expected_quantity: float
    low: int
    high: int
    level: float
    naive_quantity: float


class ModelPublished(msgspec.Struct, frozen=True):
    """A model version is whole on disk and recorded; predictors load it and serve it as the newest."""

    version: str
    recipe: str
    manifest_sha256: str
    published_at: datetime


class ModelActivated(msgspec.Struct, frozen=True):
    """An operator chose the version to serve, maybe an older one. It is pinned until `ModelUnpinned` or another choice."""

    version: str
    activated_at: datetime


class ModelUnpinned(msgspec.Struct, frozen=True):
    """An operator took back the choice of a version: the latest one is served again."""

    version: str
    unpinned_at: datetime


Event: TypeAlias = (
    OrderPlaced
    | OrderConfirmed
    | OrderCancelled
    | OrderUnpublishable
    | ProductViewed
    | ProductCarted
    | PredictionMade
    | ModelPublished
    | ModelActivated
    | ModelUnpinned
)

EVENT_TYPES: Final[dict[str, type[Event]]] = {
    "ordercast.order.placed.v1": OrderPlaced,
    "ordercast.order.confirmed.v1": OrderConfirmed,
    "ordercast.order.cancelled.v1": OrderCancelled,
    "ordercast.order.unpublishable.v1": OrderUnpublishable,
    "ordercast.product.viewed.v1": ProductViewed,
    "ordercast.product.carted.v1": ProductCarted,
    "ordercast.prediction.made.v1": PredictionMade,
    "ordercast.model.published.v1": ModelPublished,
    "ordercast.model.activated.v1": ModelActivated,
    "ordercast.model.unpinned.v1": ModelUnpinned,
}

TYPE_NAMES: Final[dict[type[Event], str]] = {struct: name for name, struct in EVENT_TYPES.items()}
