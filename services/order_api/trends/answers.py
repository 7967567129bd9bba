"""What comes out at /trends."""

import datetime
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendFigures:
    """`orders` counts an order once for each product in it. `conversion` is orders per view, null without a view."""

    orders: int
    quantity: int
    views: int
    conversion: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTrend(TrendFigures):
    """One day (UTC) by event time."""

    date: datetime.date


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductTrend(TrendFigures):
    """One product over the whole period."""

    product_id: int
    sku: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendsAnswer:
    """`days` has the days on which something happened, the oldest first; `top_products` the ten most ordered ones."""

    days: list[DayTrend]
    top_products: list[ProductTrend]
