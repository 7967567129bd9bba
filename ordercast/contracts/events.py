"""Every event type that Ordercast publishes; nothing else defines one.

Bodies are JSON (msgspec). A published version never changes its meaning: a new field has a default, anything else is a new
version with a new type name. `tests/unit/contracts/golden/` keeps one example of each version, docs/reference/events the JSON
Schemas that are made from here, and those of the last release that they are compared with.
"""

from typing import Annotated, Final, TypeAlias

import msgspec
from msgspec import Meta

from ordercast.contracts.event_fields import (
    AccountId,
    Currency,
    Day,
    EventId,
    ExpectedPieces,
    ItemCount,
    LineNumber,
    Moment,
    Nickname,
    OrderId,
    OrderRef,
    Pieces,
    Price,
    Probability,
    ProductId,
    ProductName,
    Quantity,
    Recipe,
    Sku,
    Total,
    UnitPrice,
    Version,
    ViewCount,
)


class OrderItem(msgspec.Struct, frozen=True):
    """One line of an order. `unit_price` is in the order's currency, copied from the product when the order was placed."""

    line: LineNumber
    product_id: ProductId
    quantity: Quantity
    unit_price: UnitPrice


class OrderPlaced(msgspec.Struct, frozen=True):
    """An order was accepted. Its event id is the order id. `status` is PENDING, or CONFIRMED for a shop's own history."""

    order_id: OrderId
    account_id: AccountId
    status: Annotated[
        str, Meta(description="PENDING until it is confirmed", extra_json_schema={"enum": ["PENDING", "CONFIRMED"]})
    ]
    currency: Currency
    total: Total
    items: Annotated[list[OrderItem], Meta(description="its lines", extra_json_schema=ItemCount)]
    placed_at: Annotated[Moment, Meta(description="when it was placed")]
    order_ref: OrderRef | None = None


class OrderConfirmed(msgspec.Struct, frozen=True):
    """The shop confirmed an order that was PENDING."""

    order_id: OrderId
    account_id: AccountId
    confirmed_at: Annotated[Moment, Meta(description="when it was confirmed")]


class OrderCancelled(msgspec.Struct, frozen=True):
    """An order was cancelled, or pieces of it came back; `items` are the quantities that it takes back. An order may have several.

    A cancellation out of a shop's history (`order_ref` set) stands for itself: no OrderPlaced came before it. `placed_at` is the
    order's own time; None for such a cancellation, and in events from before the field.
    """

    order_id: OrderId
    account_id: AccountId
    items: Annotated[list[OrderItem], Meta(description="its lines", extra_json_schema=ItemCount)]
    cancelled_at: Annotated[Moment, Meta(description="when it was taken back")]
    order_ref: OrderRef | None = None
    placed_at: Annotated[Moment | None, Meta(description="when the order was placed")] = None


class OrderUnpublishable(msgspec.Struct, frozen=True):
    """Stands under the number of an order's event that Kafka refused for good, so that its stream has no gap. It counts nothing.

    The event itself (`event_type`, `event_id`) is kept, and may come later under its own id and another number.
    """

    order_id: OrderId
    account_id: AccountId
    event_type: Annotated[str, Meta(description="`ce_type` of the event", examples=["ordercast.order.placed.v1"])]
    event_id: EventId
    reason: Annotated[str, Meta(description="why Kafka refused it", examples=["MESSAGE_SIZE_TOO_LARGE"])]


class ProductViewed(msgspec.Struct, frozen=True):
    """An account looked at a product `count` times. `simulated` marks views that no person made."""

    account_id: AccountId
    product_id: ProductId
    count: ViewCount
    occurred_at: Moment
    simulated: Annotated[bool, Meta(description="no person did it")] = False


class ProductCarted(msgspec.Struct, frozen=True):
    """An account put a product into its cart, `count` times; what it takes out again has no event. It is no view.

    A type of its own: who does not know it would count a view.
    """

    account_id: AccountId
    product_id: ProductId
    count: ViewCount
    occurred_at: Moment
    simulated: Annotated[bool, Meta(description="no person did it")] = False


class ProductCreated(msgspec.Struct, frozen=True):
    """There is a product; what it is from now on. `price` is in `currency`; one that is not `active` cannot be ordered."""

    product_id: ProductId
    sku: Sku
    name: ProductName
    price: Price
    currency: Currency
    active: Annotated[bool, Meta(description="it can be ordered", examples=[True])]
    created_at: Annotated[Moment, Meta(description="when it was made")]


class ProductChanged(msgspec.Struct, frozen=True):
    """What a product is from now on, whole, whichever of it changed."""

    product_id: ProductId
    sku: Sku
    name: ProductName
    price: Price
    currency: Currency
    active: Annotated[bool, Meta(description="it can be ordered", examples=[True])]
    changed_at: Annotated[Moment, Meta(description="when it was changed")]


class AccountCreated(msgspec.Struct, frozen=True):
    """There is an account. Its nickname is all that is said of a person; None: it was erased, or chose none."""

    account_id: AccountId
    nickname: Nickname | None
    created_at: Annotated[Moment, Meta(description="when it was made")]


class AccountChanged(msgspec.Struct, frozen=True):
    """An account is called otherwise from now on. None: it was erased, or chose none, and a reader has to forget the name that it
    knows.
    """

    account_id: AccountId
    nickname: Nickname | None
    changed_at: Annotated[Moment, Meta(description="when it was changed")]


class PredictionMade(msgspec.Struct, frozen=True):
    """What an account was said to order of a product in the `horizon_days` days (UTC) from `starts_on` on, as all before was known.

    A sample of the answers for now. The pieces lie from `low` to `high` with the probability `level`; `naive_quantity` is what the
    pair's own rate so far says, so that both can be judged by the same orders.
    """

    account_id: AccountId
    product_id: ProductId
    recipe: Recipe
    model_version: Version
    made_at: Annotated[Moment, Meta(description="when it was said")]
    starts_on: Annotated[Day, Meta(description="first day (UTC) of the horizon")]
    horizon_days: Annotated[
        int, Meta(description="days", examples=[28], extra_json_schema={"minimum": 1, "maximum": 366})
    ]
    order_probability: Annotated[Probability, Meta(description="that anything is ordered in these days")]
    expected_quantity: ExpectedPieces
    low: Annotated[Pieces, Meta(description="pieces: the interval's lower end", examples=[0])]
    high: Annotated[Pieces, Meta(description="pieces: the interval's upper end", examples=[12])]
    level: Annotated[Probability, Meta(description="the probability that it promises", examples=[0.9])]
    naive_quantity: Annotated[ExpectedPieces, Meta(description="pieces, by the pair's own rate so far")]


class ModelPublished(msgspec.Struct, frozen=True):
    """A model version is whole on disk and recorded; predictors load it and serve it as the newest."""

    version: Version
    recipe: Recipe
    manifest_sha256: Annotated[
        str,
        Meta(
            description="SHA-256 of manifest.json",
            examples=["9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"],
            extra_json_schema={"pattern": "^[0-9a-f]{64}$"},
        ),
    ]
    published_at: Annotated[Moment, Meta(description="when it was published")]


class ModelActivated(msgspec.Struct, frozen=True):
    """An operator chose the version to serve, maybe an older one. It is pinned until `ModelUnpinned` or another choice."""

    version: Version
    activated_at: Annotated[Moment, Meta(description="when it was chosen")]


class ModelUnpinned(msgspec.Struct, frozen=True):
    """An operator took back the choice of a version: the latest one is served again."""

    version: Version
    unpinned_at: Annotated[Moment, Meta(description="when the choice was taken back")]


Event: TypeAlias = (
    OrderPlaced
    | OrderConfirmed
    | OrderCancelled
    | OrderUnpublishable
    | ProductViewed
    | ProductCarted
    | ProductCreated
    | ProductChanged
    | AccountCreated
    | AccountChanged
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
    "ordercast.product.created.v1": ProductCreated,
    "ordercast.product.changed.v1": ProductChanged,
    "ordercast.account.created.v1": AccountCreated,
    "ordercast.account.changed.v1": AccountChanged,
    "ordercast.prediction.made.v1": PredictionMade,
    "ordercast.model.published.v1": ModelPublished,
    "ordercast.model.activated.v1": ModelActivated,
    "ordercast.model.unpinned.v1": ModelUnpinned,
}

TYPE_NAMES: Final[dict[type[Event], str]] = {struct: name for name, struct in EVENT_TYPES.items()}
