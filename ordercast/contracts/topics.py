"""The Kafka topics: who writes them, who reads them, and how an account finds its partition."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Topic:
    """One topic of the published contract.

    `partitions` is None where the number is a setting of the system (`ORDERCAST_PARTITIONS`).
    """

    name: str
    key: str
    producers: str
    consumers: str
    partitions: int | None


ORDERS: Final = Topic("orders", "account id", "order_api relay", "feature_worker, anyone", None)
VIEWS: Final = Topic("views", "account id", "order_api", "feature_worker, anyone", None)
PREDICTIONS: Final = Topic("predictions", "account id", "predictor", "feature_worker, anyone", None)
MODELS: Final = Topic("models", "model version", "trainer, predictor", "predictor, anyone", 1)
DEAD_LETTERS: Final = Topic("dead-letters", "topic:partition:offset", "feature_worker", "operators", 1)

ALL_TOPICS: Final = (ORDERS, VIEWS, PREDICTIONS, MODELS, DEAD_LETTERS)


def partition_of(account_id: int, partitions: int) -> int:
    """The partition (and outbox shard) of an account, the same in `orders`, `views` and `predictions`.

    Account ids are handed out one after the other, so the remainder spreads them evenly.
    """
    return account_id % partitions
