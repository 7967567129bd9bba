"""The products of which most is expected, a page at a time, or those that somebody looks for."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from ordercast.client import Client
from ordercast.client.demand_answers import Forecast
from ordercast.services.console.parts import Missing, ask, products_of

PAGE: Final = 20
# Products that a search shows: a page of 100 kB.
MOST_FOUND: Final = 50


@dataclass(frozen=True, slots=True)
class Row:
    """A product's forecast; its name comes from another service, which may be away."""

    forecast: Forecast
    name: str | None

    @property
    def most(self) -> float:
        """Of its curve."""
        return max((*(week.quantity for week in self.forecast.recent or ()), *self.expected), default=0.0)

    @property
    def sold(self) -> list[float]:
        return [float(week.quantity) for week in self.forecast.recent or ()]

    @property
    def expected(self) -> list[float]:
        return [week.expected for week in self.forecast.weeks]


@dataclass(frozen=True, slots=True)
class Forecasts:
    """A page. `names` says why names are missing; `next_after` is the last id, if there are more."""

    rows: list[Row]
    as_of: datetime | None
    level: float
    model_version: str | None
    names: Missing | None = None
    next_after: int | None = None
    more_found: bool = False


async def read_forecasts(
    client: Client, *, search: str, weeks: int, service_level: float, sort: str, starting_after: int | None
) -> Forecasts | Missing:
    """Raises:
    LoggedOut: the account's tokens are good no longer.
    """
    if search:
        return await _found(client, search, weeks, service_level, sort)
    answer = await ask(
        "predictor",
        client.predictor.forecasts(
            weeks=weeks,
            service_level=service_level,
            sort=sort,
            starting_after=starting_after,
            limit=PAGE,
            recent=True,
        ),
    )
    if isinstance(answer, Missing):
        return answer
    named = await products_of(client, [one.product_id for one in answer.data])
    names = {} if isinstance(named, Missing) else {product.id: product.name for product in named}
    return Forecasts(
        [Row(one, names.get(one.product_id)) for one in answer.data],
        answer.features_as_of,
        answer.level,
        answer.model_version,
        names=named if isinstance(named, Missing) else None,
        next_after=answer.data[-1].product_id if answer.has_more else None,
    )


async def _found(client: Client, search: str, weeks: int, service_level: float, sort: str) -> Forecasts | Missing:
    products = await ask("order_api", client.shop_pages.products(limit=MOST_FOUND, search=search))
    if isinstance(products, Missing):
        return products
    shown = products.data
    if not shown:
        return Forecasts([], None, 0.9, None)
    answer = await ask(
        "predictor",
        client.predictor.forecasts_of(
            [product.id for product in shown], weeks=weeks, service_level=service_level, recent=True
        ),
    )
    if isinstance(answer, Missing):
        return answer
    rows = [Row(one, product.name) for one, product in zip(answer.data, shown, strict=True)]
    if sort == "-expected":
        rows.sort(key=lambda row: -row.forecast.expected)
    return Forecasts(rows, answer.features_as_of, answer.level, answer.model_version, more_found=products.has_more)
