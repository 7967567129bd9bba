"""What recipe `demand` forecasts for products: pieces by week, and stock for all of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

import msgspec
import numpy as np

from ordercast.services.predictor.model_slot import ServedDemand
from ordercast.services.predictor.named_products import RecentWeek
from ordercast.services.shared.demand.activity import Floats, Ints
from ordercast.services.shared.demand.feature_list import PRODUCT_FEATURES, names
from ordercast.services.shared.demand.features import Features

_EPOCH: Final = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Asked:
    """`moment`: the day (from 1970-01-01) from which on there is a forecast; what happened before it is known."""

    moment: int
    weeks: int
    level: float
    service_level: float


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days from `starts_on` on: `low` to `high`, whole pieces, hold what is ordered with the probability `level`."""

    starts_on: date
    expected: float
    low: int
    high: int


@dataclass(frozen=True, slots=True)
class ProductForecast:
    """Pieces that are ordered of a product: `expected` in all weeks together, for which `stock` is enough with the probability
    `service_level`. `extrapolates_because`: why what was learned says nothing about it, empty where it does; `beyond`
    is the same as data. `recent`: the last
    weeks before the forecast, the last one at the end; null on a page or in a batch unless asked for."""

    product_id: int
    sku: str
    expected: float
    stock: int
    weeks: list[Week]
    extrapolates: bool
    extrapolates_because: list[str]
    beyond: list[dict[str, Any]]
    recent: list[RecentWeek] | None = None


def forecast_products(
    served: ServedDemand, features: Features, products: Sequence[tuple[int, str]], asked: Asked
) -> list[ProductForecast]:
    """Of products (id, sku), in their order. A thousand take some 0.1 s: call it in a thread."""
    product_ids = np.array([product_id for product_id, _ in products], np.int64)
    values = features.of_products(product_ids)
    said, stock = served.model.forecasts(values, asked.weeks, asked.level, asked.service_level)
    because = served.outside("product", values, product_ids, features)
    starts = week_starts(asked.moment, asked.weeks)
    return [
        ProductForecast(
            product_id=product_id,
            sku=sku,
            expected=float(said.expected[row].sum()),
            stock=int(stock[row]),
            weeks=[
                Week(start, *of_week)
                for start, *of_week in zip(
                    starts, said.expected[row].tolist(), said.low[row].tolist(), said.high[row].tolist(), strict=True
                )
            ],
            extrapolates=bool(because[row]),
            extrapolates_because=list(because[row]),
            beyond=[msgspec.to_builtins(reason.because) for reason in because[row]],
        )
        for row, (product_id, sku) in enumerate(products)
    ]


def week_starts(moment: int, weeks: int) -> list[date]:
    """The first day of each of the next weeks."""
    return [_EPOCH + timedelta(days=moment + 7 * week) for week in range(weeks)]


def expected_of_products(served: ServedDemand, features: Features, product_ids: Ints, weeks: int) -> Floats:
    """Pieces that are expected in all of the next weeks together, by which products are put in order."""
    values = features.of_products(product_ids)
    by_week = [served.model.said_of_week(values, ahead)[0].mean for ahead in range(1, weeks + 1)]
    return np.asarray(np.sum(by_week, axis=0), np.float64)


def most_expected(served: ServedDemand, features: Features, weeks: int) -> Ints:
    """The ids of all products that anything is known of. Who has neither orders nor views comes on pages by id alone."""
    product_ids = features.known_products
    expected = expected_of_products(served, features, product_ids, weeks)
    return product_ids[np.lexsort((product_ids, -expected))]


def level_and_trend(features: Features, product_id: int) -> tuple[float, float | None]:
    """Pieces a week by exponential smoothing, and the mean of the last 4 weeks over that of the last 13, less one."""
    values = dict(zip(names(PRODUCT_FEATURES), features.of_products(np.array([product_id], np.int64))[0], strict=True))
    of_4, of_13 = np.expm1(values["mean_4"]), np.expm1(values["mean_13"])
    return float(np.expm1(values["level"])), float(of_4 / of_13 - 1) if of_13 > 0 else None
