"""One product: the weeks before and after today, and what would have been said of weeks that are over."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from ordercast.client import Client
from ordercast.client.demand_answers import ForecastWeek, OneForecast, RecentWeek
from ordercast.client.order_answers import Product
from ordercast.services.console.parts import ACTION_DEADLINE_S, Missing, ask
from ordercast.services.console.words import Words


@dataclass(frozen=True, slots=True)
class ProductPage:
    product: Product | Missing
    forecast: OneForecast | Missing

    @property
    def plot(self) -> dict[str, Any]:
        """Sold weeks, then expected ones."""
        return {} if isinstance(self.forecast, Missing) else _plot(self.forecast.recent, self.forecast.weeks)


@dataclass(frozen=True, slots=True)
class Compared:
    """A week that is over: what was expected, from where to where, and what came."""

    week: ForecastWeek
    sold: int

    @property
    def held(self) -> bool:
        return self.week.low <= self.sold <= self.week.high


@dataclass(frozen=True, slots=True)
class Past:
    """What the served version says of the weeks after `as_of` from what was known then. `learned_until`: it has learned from
    all that happened before that day."""

    as_of: date
    weeks: list[Compared]
    level: float
    model_version: str
    learned_until: date | None

    @property
    def held(self) -> int:
        return sum(compared.held for compared in self.weeks)

    @property
    def has_learned_from_them(self) -> bool:
        return self.learned_until is not None and self.learned_until > self.weeks[0].week.starts_on

    @property
    def mean_error(self) -> float:
        return sum(abs(one.week.expected - one.sold) for one in self.weeks) / len(self.weeks)

    @property
    def plot(self) -> dict[str, Any]:
        sold = [RecentWeek(one.week.starts_on, one.sold) for one in self.weeks]
        return _plot(sold, [one.week for one in self.weeks])


async def read_product(client: Client, product_id: int, weeks: int, service_level: float) -> ProductPage:
    """Raises:
    LoggedOut: the account's tokens are good no longer.
    """
    return ProductPage(
        *await asyncio.gather(
            ask("order_api", client.order_api.product(product_id)),
            ask("predictor", client.predictor.forecast(product_id, weeks=weeks, service_level=service_level)),
        )
    )


async def read_past(client: Client, product_id: int, weeks_ago: int) -> Past | Missing:
    """The first question of a past day may take long: intervals are calibrated for it.

    Raises:
        LoggedOut: the account's tokens are good no longer.
    """
    as_of = datetime.now(UTC).date() - timedelta(weeks=weeks_ago)
    then, now, model = await asyncio.gather(
        ask(
            "predictor",
            client.predictor.forecast(product_id, weeks=weeks_ago, as_of=as_of),
            within_s=ACTION_DEADLINE_S,
        ),
        ask("predictor", client.predictor.forecast(product_id, weeks=1)),
        ask("predictor", client.predictor.current_model("demand")),
    )
    if isinstance(then, Missing):
        return then
    if isinstance(now, Missing):
        return now
    sold = {week.starts_on: week.quantity for week in now.recent}
    compared = [Compared(week, sold[week.starts_on]) for week in then.weeks if week.starts_on in sold]
    if not compared:
        return Missing("predictor", Words("no week after %(day)s is over", {"day": as_of}))
    until = None if isinstance(model, Missing) else model.metrics.get("until")
    return Past(as_of, compared, then.level, then.model_version, date.fromisoformat(until) if until else None)


def _plot(sold: Sequence[RecentWeek], weeks: Sequence[ForecastWeek]) -> dict[str, Any]:
    """By the days on which weeks begin, as seconds from 1970 on; null where there is nothing."""
    pieces = {week.starts_on: week.quantity for week in sold}
    said = {week.starts_on: week for week in weeks}
    days = sorted({*pieces, *said})
    return {
        "kind": "weeks",
        "x": [int(datetime.combine(day, time(), UTC).timestamp()) for day in days],
        "sold": [pieces.get(day) for day in days],
        "expected": [round(said[day].expected, 2) if day in said else None for day in days],
        "low": [said[day].low if day in said else None for day in days],
        "high": [said[day].high if day in said else None for day in days],
    }
