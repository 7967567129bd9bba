"""The Kafka topics: who writes them, who reads them, and how an account finds its partition."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ordercast.contracts.events import (
    AccountChanged,
    AccountCreated,
    Event,
    ModelActivated,
    ModelPublished,
    ModelUnpinned,
    OrderCancelled,
    OrderConfirmed,
    OrderPlaced,
    OrderUnpublishable,
    PredictionMade,
    ProductCarted,
    ProductChanged,
    ProductCreated,
    ProductViewed,
)

# Repeats have the number of the first, and its id.
AT_LEAST_ONCE: Final = (
    "At least once, in order within a stream: drop what does not number above the last one of its stream."
)
# After which Kafka drops the earlier events of a key from what it no longer writes.
COMPACTED_AFTER: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the published contract.

    `partitions` is None where the number is a setting of the system (`ORDERCAST_PARTITIONS`). `events` are the types that it holds.
    A `compacted` topic keeps the last event of each key for good and forgets the ones before it after a while; the others keep
    everything.
    """

    name: str
    key: str
    producers: str
    consumers: str
    partitions: int | None
    events: tuple[type[Event], ...]
    about: str
    delivery: str = AT_LEAST_ONCE
    compacted: bool = False


ORDERS: Final = Topic(
    name="orders",
    key="account id",
    producers="order_api relay, order_api",
    consumers="feature_worker, order_api, order_api relay, anyone",
    partitions=None,
    events=(OrderPlaced, OrderConfirmed, OrderCancelled, OrderUnpublishable),
    about="What becomes of orders. Each partition holds one stream, `outbox`, whose numbers are dense and in commit order."
    " order_api itself writes what an operator sends again after it was refused.",
)
VIEWS: Final = Topic(
    name="views",
    key="account id",
    producers="order_api",
    consumers="feature_worker, order_api, order_api relay, anyone",
    partitions=None,
    events=(ProductViewed, ProductCarted),
    about="What accounts look at and put into their carts.",
)
PREDICTIONS: Final = Topic(
    name="predictions",
    key="account id",
    producers="predictor, order_api",
    consumers="feature_worker, order_api, order_api relay, anyone",
    partitions=None,
    events=(PredictionMade,),
    about="A sample of the predictions that were given; order_api writes what an operator sends again after it was refused.",
    delivery="At most once: it is a sample, and what is given while Kafka is away is missing.",
)
MODELS: Final = Topic(
    name="models",
    key="model version",
    producers="trainer, predictor",
    consumers="predictor, order_api, order_api relay, anyone",
    partitions=1,
    events=(ModelPublished, ModelActivated, ModelUnpinned),
    about="Which model versions there are, and which one is served.",
    delivery="At least once: its events carry no number, and a repeat has the same `ce_id`.",
)
PRODUCTS: Final = Topic(
    name="products",
    key="product id",
    producers="order_api relay",
    consumers="order_api, order_api relay, anyone",
    partitions=None,
    events=(ProductCreated, ProductChanged),
    about="What products are: the last event of each says all of it, with its name and price. Each"
    " partition holds one stream, `states:products`, whose numbers rise.",
    compacted=True,
)
ACCOUNTS: Final = Topic(
    name="accounts",
    key="account id",
    producers="order_api relay",
    consumers="order_api, anyone",
    partitions=None,
    events=(AccountCreated, AccountChanged),
    about="What accounts are called: the last event of each says it. One that was erased, or made by an import, has no name."
    " Each partition holds one stream, `states:accounts`, whose numbers rise.",
    compacted=True,
)
DEAD_LETTERS: Final = Topic(
    name="dead-letters",
    key="topic:partition:offset",
    producers="feature_worker",
    consumers="order_api, operators",
    partitions=1,
    events=(),
    about="Records that the worker refused, with the reason; each is repeated here and not moved.",
    delivery="At least once: a repeat has the same key.",
)

ALL_TOPICS: Final = (ORDERS, VIEWS, PREDICTIONS, MODELS, PRODUCTS, ACCOUNTS, DEAD_LETTERS)


def partition_of(account_id: int, partitions: int) -> int:
    """The partition (and outbox shard) of an account, the same in `orders`, `views`, `predictions` and `accounts`.

    In `products` it is that of a product's id. Ids are handed out one after the other, so the remainder spreads them evenly.
    """
    return account_id % partitions
