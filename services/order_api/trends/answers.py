"""What comes out at /trends."""

import datetime
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendFigures:
    """What happened, by the time of the event.

    `orders` are distinct orders, later cancelled ones too; `quantity` is what was ordered in `order_lines` lines. What is taken
    back counts in `cancelled_quantity` when it is taken back, not when it was ordered, so days that are over stay as they are, and
    `net_quantity` (`quantity` less `cancelled_quantity`) may be below 0. `conversion` is orders per view, null without a view.
    """

    orders: int
    order_lines: int
    quantity: int
    cancelled_quantity: int
    net_quantity: int
    views: int
    conversion: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class DayTrend(TrendFigures):
    """One day of the zone. An order of several products is one order of the shop."""

    date: datetime.date


@dataclass(frozen=True, slots=True, kw_only=True)
class ProductTrend(TrendFigures):
    """One product over the whole period. An order of several products is one order of each of them."""

    product_id: int
    sku: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TrendsAnswer:
    """`days` has the days of the zone `tz` on which something happened, the oldest first.

    `top_products` are the ten that were ordered most.
    """

    tz: str
    days: list[DayTrend]
    top_products: list[ProductTrend]
