"""What the first page shows, from five services at once."""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

import httpx

from ordercast.client import Client
from ordercast.client.live_answers import LiveAccuracy
from ordercast.client.model_answers import CurrentModel
from ordercast.client.order_answers import ProductTrend, Trends
from ordercast.client.training_answers import Training
from ordercast.services.console.dead_letters.waiting import Waiting, WaitingLetters
from ordercast.services.console.flow import numbers as names
from ordercast.services.console.overview.look_at_services import ServiceState, look_at_services
from ordercast.services.console.parts import NO_MODEL, Missing, ask

WEEK: Final = timedelta(days=7)
# Days that the bars show, today's as the last.
BARS: Final = 14
# Two weeks that are over, and today.
DAYS: Final = 15
TOP: Final = 5
# Trends are kept by the quarter of an hour.
QUARTER_MIN: Final = 15


@dataclass(frozen=True, slots=True)
class DayOfOrders:
    day: date
    orders: int
    pieces: int


@dataclass(frozen=True, slots=True)
class SameTime:
    """Today and the same day of last week, both until the same time of the day (UTC): a day that goes on is none to compare with a
    whole one."""

    until: time
    today: DayOfOrders
    week_ago: DayOfOrders


@dataclass(frozen=True, slots=True)
class Orders:
    """The last fifteen days, UTC, today's as the last; `top` of the last seven. An order_api of the release before does not bring
    `same_time`."""

    days: list[DayOfOrders]
    top: list[ProductTrend]
    same_time: SameTime | Missing

    @property
    def today(self) -> DayOfOrders:
        return self.days[-1]

    @property
    def week_ago(self) -> DayOfOrders:
        return self.days[-1 - WEEK.days]

    @property
    def this_week(self) -> DayOfOrders:
        """The seven days that are over: with a part of today it would be less than the week before each morning."""
        return _sum(self.days[-1 - WEEK.days : -1])

    @property
    def week_before(self) -> DayOfOrders:
        return _sum(self.days[-1 - 2 * WEEK.days : -1 - WEEK.days])

    @property
    def bars(self) -> list[DayOfOrders]:
        return self.days[-BARS:]

    @property
    def most(self) -> int:
        """Of the highest bar."""
        return max(1, *(day.orders for day in self.bars))


@dataclass(frozen=True, slots=True)
class Serving:
    """The version of `demand` that answers, and how its predictions have come out."""

    model: CurrentModel
    live: LiveAccuracy | Missing


@dataclass(frozen=True, slots=True)
class Overview:
    as_of: datetime
    orders: Orders | Missing
    serving: Serving | Missing
    training: Training | Missing | None
    services: list[ServiceState]
    letters: Waiting | Missing

    @property
    def refused_by_kafka(self) -> float:
        """Each relay tells of the whole outbox."""
        return self._most(names.REFUSED_BY_KAFKA)

    @property
    def gaps(self) -> float:
        """Each worker tells of the whole feature table."""
        return self._most(names.GAP_STREAMS)

    def _most(self, name: str) -> float:
        return max((each.numbers.highest(name) or 0 for each in self.services), default=0)

    @property
    def untold(self) -> str:
        """The services that answer without saying whether they miss something."""
        return ", ".join(each.name for each in self.services if not each.tells)

    @property
    def has_no_model(self) -> bool:
        return isinstance(self.serving, Missing) and self.serving.kind == NO_MODEL

    @property
    def has_no_orders(self) -> bool:
        return isinstance(self.orders, Orders) and not any(day.orders for day in self.orders.days)

    @property
    def missing(self) -> list[Missing]:
        """Parts that did not come from services that answer; a service that is away is told once, as such."""
        away = {each.name for each in self.services if each.away}
        return [part for part in self._missing() if part.service not in away and part.kind != NO_MODEL]

    def _missing(self) -> Iterator[Missing]:
        of_orders, of_serving = getattr(self.orders, "same_time", None), getattr(self.serving, "live", None)
        parts = (self.orders, of_orders, self.serving, of_serving, self.training, self.letters)
        yield from (part for part in parts if isinstance(part, Missing))


async def read_overview(
    client: Client, http: httpx.AsyncClient, services: Mapping[str, str], letters: WaitingLetters
) -> Overview:
    """Raises:
    LoggedOut: the account's tokens are good no longer.
    """
    now = datetime.now(UTC)
    orders, serving, training, states, waiting = await asyncio.gather(
        read_orders(client, now),
        _serving(client),
        _training(client),
        look_at_services(http, services),
        letters.read(client),
    )
    return Overview(now, orders, serving, training, states, waiting)


async def read_orders(client: Client, now: datetime) -> Orders | Missing:
    """Raises:
    LoggedOut: the account's tokens are good no longer.
    """
    today = now.date()
    first = today - timedelta(days=DAYS - 1)
    both, week, same_time = await asyncio.gather(
        ask("order_api", client.order_api.trends(first=first, last=today)),
        ask("order_api", client.order_api.trends(first=today - WEEK + timedelta(days=1), last=today)),
        _same_time(client, today, last_quarter(now)),
    )
    if isinstance(both, Missing):
        return both
    if isinstance(week, Missing):
        return week
    return Orders(_days(both, first, today), week.top_products[:TOP], same_time)


async def _same_time(client: Client, today: date, until: time) -> SameTime | Missing:
    """Each day by itself: the products of those between would be added up, too, and nobody reads them."""
    days = today, today - WEEK
    so_far, then = await asyncio.gather(
        *(ask("order_api", client.order_api.trends(first=day, last=day, until=until)) for day in days)
    )
    if isinstance(so_far, Missing):
        return so_far
    if isinstance(then, Missing):
        return then
    return SameTime(until, *(_days(one, day, day)[0] for one, day in zip((so_far, then), days, strict=True)))


def last_quarter(now: datetime) -> time:
    """The newest quarter of an hour that is over, as a time of the day."""
    return time(now.hour, now.minute - now.minute % QUARTER_MIN)


def _days(trends: Trends, first: date, last: date) -> list[DayOfOrders]:
    """Each day; on those that the answer leaves out nothing happened."""
    by_day = {day.date: DayOfOrders(day.date, day.orders, day.net_quantity) for day in trends.days}
    all_days = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [by_day.get(day, DayOfOrders(day, 0, 0)) for day in all_days]


def _sum(days: list[DayOfOrders]) -> DayOfOrders:
    return DayOfOrders(days[0].day, sum(day.orders for day in days), sum(day.pieces for day in days))


async def _serving(client: Client) -> Serving | Missing:
    model = await ask("predictor", client.predictor.current_model("demand"))
    if isinstance(model, Missing):
        return model
    return Serving(model, await ask("predictor", client.predictor.live(model.version)))


async def _training(client: Client) -> Training | Missing | None:
    newest = await ask("trainer", client.trainer.newest(1))
    return newest if isinstance(newest, Missing) else next(iter(newest), None)
