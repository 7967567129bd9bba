"""What goes in and out at /trends."""

import re
from datetime import date
from typing import Annotated, Final

from pydantic import BaseModel, BeforeValidator, Field

_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)


def _parse_date(value: object) -> object:
    # pydantic alone would take "20240101" for seconds since 1970.
    if isinstance(value, str) and not _DATE.fullmatch(value):
        raise ValueError("must be a date such as 2024-12-31")
    return value


Day = Annotated[date, BeforeValidator(_parse_date), Field(ge=date(1970, 1, 1))]


class TrendFigures(BaseModel):
    """`orders` counts an order once for each product in it. `conversion` is orders per view, null without a view."""

    orders: int
    quantity: int
    views: int
    conversion: float | None


class DayTrend(TrendFigures):
    """One day (UTC) by event time."""

    date: date


class ProductTrend(TrendFigures):
    """One product over the whole period."""

    product_id: int
    sku: str
    name: str


class TrendsAnswer(BaseModel):
    """`days` has the days on which something happened, the oldest first; `top_products` the ten most ordered ones."""

    days: list[DayTrend]
    top_products: list[ProductTrend]
