"""The features kept for each (account, product), by name, type and meaning.

The worker's statement, the table, the answers of predictor and client, and verify, which shares no code with them, each write the
names down; tests/unit/contracts/test_features.py compares them with this list.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class FeatureDefinition:
    name: str
    type: str
    meaning: str


FEATURES: Final = (
    FeatureDefinition(
        "first_ordered_at", "timestamp", "event time of the first order; ties go to the smaller event id"
    ),
    FeatureDefinition("first_quantity", "integer", "quantity of that order's first line with the product"),
    FeatureDefinition(
        "first_order_quantity", "integer", "quantity of that order, summed over its lines with the product"
    ),
    FeatureDefinition("first_price", "decimal", "unit price of that line"),
    FeatureDefinition("order_count", "integer", "orders that hold the product, later cancelled ones too"),
    FeatureDefinition("total_quantity", "integer", "quantity ordered, before cancellations"),
    FeatureDefinition("cancelled_quantity", "integer", "quantity taken back by cancellations"),
    FeatureDefinition("view_count", "integer", "views of the product by the account"),
    FeatureDefinition(
        "views_before_first_order",
        "integer",
        "views before first_ordered_at; without an order, all",
    ),
    FeatureDefinition("last_viewed_at", "timestamp", "event time of the newest view"),
    FeatureDefinition("last_ordered_at", "timestamp", "event time of the newest order"),
)
