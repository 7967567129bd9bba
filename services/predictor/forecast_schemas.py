"""What is asked and answered of forecasts."""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal

from fastapi import Query
from pydantic import BaseModel

from ordercast.contracts.demand_manifest import MOST_WEEKS
from ordercast.contracts.spreadsheets import in_cell
from ordercast.services.predictor.forecast_products import ProductForecast, Week
from ordercast.services.predictor.named_products import RecentWeek
from ordercast.services.predictor.schemas import AsOf
from ordercast.services.shared.demand.conformal import DEFAULT_LEVEL, DEFAULT_SERVICE_LEVEL, LEAST_LEVEL, MOST_LEVEL
from ordercast.services.shared.http.requests import PLAIN_INTEGER, PLAIN_NUMBER

DEFAULT_WEEKS: Final = 4
# Products on a page: they take a second.
MAX_LIMIT: Final = 5_000
DEFAULT_LIMIT: Final = 20

ForecastLimit = Annotated[int, PLAIN_INTEGER, Query(ge=1, le=MAX_LIMIT, description="products in a page")]
Recent = Annotated[bool, Query(description="with the last weeks of each product; JSON alone")]
Known = Annotated[bool, Query(description="products with an order, a view or a cart alone, as `-expected` has them")]
Sort = Annotated[Literal["id", "-expected"], Query(description="`-expected`: what is expected most comes first")]


@dataclass(frozen=True, slots=True)
class ForecastQuestion:
    """Each part may be left out."""

    weeks: Annotated[int, PLAIN_INTEGER, Query(ge=1, le=MOST_WEEKS, description="weeks ahead")] = DEFAULT_WEEKS
    level: Annotated[
        float, PLAIN_NUMBER, Query(ge=LEAST_LEVEL, le=MOST_LEVEL, description="probability of each week's interval")
    ] = DEFAULT_LEVEL
    service_level: Annotated[
        float,
        PLAIN_NUMBER,
        Query(ge=LEAST_LEVEL, le=MOST_LEVEL, description="probability that `stock` is enough for all weeks"),
    ] = DEFAULT_SERVICE_LEVEL
    as_of: AsOf | None = None


class ProductsAnswer(BaseModel):
    """Forecasts of products, all from one version. `features_as_of` is up to when all orders are in them."""

    data: list[ProductForecast]
    level: float
    service_level: float
    model_version: str
    better_than: dict[str, float]
    features_as_of: datetime
    as_of: date | None


class ForecastsAnswer(ProductsAnswer):
    """A page of forecasts."""

    has_more: bool


class OneForecastAnswer(BaseModel):
    """One product, as on a page of them.

    `recent` are the last weeks before the forecast, the last one at the end; `level_a_week` is what exponential smoothing makes
    of all weeks, in pieces, and `trend` the mean of the last 4 weeks over that of the last 13, less one (null: nothing was sold).
    """

    product_id: int
    sku: str
    expected: float
    stock: int
    weeks: list[Week]
    extrapolates: bool
    extrapolates_because: list[str]
    beyond: list[dict[str, Any]]
    recent: list[RecentWeek]
    level_a_week: float
    trend: float | None
    level: float
    service_level: float
    model_version: str
    better_than: dict[str, float]
    features_as_of: datetime
    as_of: date | None


def as_csv(forecasts: Sequence[ProductForecast], starts: Sequence[date]) -> str:
    """A row for each product; of each week, which begin at `starts`, what is expected, and from where to where."""
    text = io.StringIO()
    rows = csv.writer(text, lineterminator="\r\n")  # RFC 4180
    columns = [f"{what}_{start}" for start in starts for what in ("expected", "low", "high")]
    rows.writerow(["product_id", "sku", "expected", "stock", *columns])
    for forecast in forecasts:
        weeks = [number for week in forecast.weeks for number in (round(week.expected, 3), week.low, week.high)]
        rows.writerow([forecast.product_id, in_cell(forecast.sku), round(forecast.expected, 3), forecast.stock, *weeks])
    return text.getvalue()
