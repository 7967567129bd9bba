"""The way of an order in numbers: what each stage does a second, what waits before it, and how that changes."""

from collections import deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ordercast.services.console.flow import numbers as names
from ordercast.services.console.flow.numbers import Numbers
from ordercast.services.console.flow.rates import Drain, Point, drain, rate
from ordercast.services.console.flow.watch import Look
from ordercast.services.console.overview.look_at_services import ServiceState

# What "a second" is taken over (s): a relay tells of its outbox every five.
WINDOW_S: Final = 30.0
# Of a rate's curve (s).
SMOOTHED_S: Final = 12.0
# Beyond this (s) an event has waited longer than it should: usual are well under one.
LATE_S: Final = 5.0
RECIPES: Final = ("demand", "baseline")


@dataclass(frozen=True, slots=True)
class Waiting:
    """Before a stage: `events` that wait, the oldest since `oldest_s`. The curves are over all that is remembered."""

    events: float | None
    oldest_s: float | None
    drain: Drain | None
    events_curve: Sequence[Point]
    oldest_curve: Sequence[Point]

    @property
    def is_late(self) -> bool:
        return (self.oldest_s or 0) > LATE_S


@dataclass(frozen=True, slots=True)
class Served:
    recipe: str
    version: str | None
    trained_at: datetime | None


@dataclass(frozen=True, slots=True)
class Flow:
    """Rates are a second over the last half minute, counters since the service's start; None: it is not told."""

    as_of: datetime
    services: Sequence[ServiceState]
    orders: float | None
    views: float | None
    orders_rate: float | None
    views_rate: float | None
    orders_curve: Sequence[Point]
    published_rate: float | None
    outbox: Waiting
    worker: Waiting
    applied_rate: float | None
    fresh_s: float | None
    refused_by_kafka: float | None
    gaps: float | None
    training: float | None
    trained: float | None
    served: Sequence[Served]  # none: it is not told
    predictions_rate: float | None
    predictions: float | None
    prediction_s: float | None
    # Since when all processes of order_api count orders and views; None: it is not told.
    since: datetime | None = None

    def of(self, *wanted: str) -> list[ServiceState]:
        """The processes of these services: "relay" and "relay-2" are both of "relay"."""
        return [each for each in self.services if each.name.partition("-")[0] in wanted]

    @property
    def away(self) -> list[ServiceState]:
        return [each for each in self.services if each.away]

    @property
    def failing(self) -> list[ServiceState]:
        return [each for each in self.services if each.failing]

    @property
    def is_known(self) -> bool:
        """Whether all tell how long events wait who have to tell it."""
        told = self.of("relay", "feature_worker")
        return (
            all(each.tells and not each.away and not each.failing for each in told)
            and self.outbox.oldest_s is not None
            and self.worker.oldest_s is not None
        )

    @property
    def is_empty(self) -> bool:
        """Nothing has come in since order_api started, as far as it tells."""
        return self.orders == 0 and self.views == 0


def flow_of(looks: Sequence[Look]) -> Flow:
    """What the looks say, the newest as the last of them: at least one."""
    seen = _Seen(looks)
    return Flow(
        as_of=looks[-1].as_of,
        services=looks[-1].services,
        orders=seen.now(_sum(names.ORDERS, "order_api")),
        views=seen.now(_sum(names.VIEWS, "order_api")),
        orders_rate=seen.rate(_sum(names.ORDERS, "order_api")),
        views_rate=seen.rate(_sum(names.VIEWS, "order_api")),
        orders_curve=seen.rates(_sum(names.ORDERS, "order_api")),
        published_rate=seen.rate(_sum(names.PUBLISHED, "relay")),
        outbox=seen.waiting(_most(names.BACKLOG, "relay"), _most(names.OLDEST_S, "relay")),
        worker=seen.waiting(_sum(names.LAG_EVENTS, "feature_worker"), _most(names.LAG_S, "feature_worker")),
        applied_rate=seen.rate(_sum(names.EVENTS, "feature_worker", outcome="applied")),
        fresh_s=seen.mean(_sum(names.FRESHNESS_SUM, "feature_worker"), _sum(names.FRESHNESS_COUNT, "feature_worker")),
        refused_by_kafka=seen.now(_most(names.REFUSED_BY_KAFKA, "relay")),
        gaps=seen.now(_most(names.GAP_STREAMS, "feature_worker")),
        training=seen.now(_most(names.PROGRESS, "trainer")),
        trained=seen.now(_sum(names.TRAININGS, "trainer")),
        served=_served(looks[-1]),
        predictions_rate=seen.rate(_sum(names.PREDICTIONS, "predictor")),
        predictions=seen.now(_sum(names.PREDICTIONS, "predictor")),
        prediction_s=seen.mean(_sum(names.PREDICTION_SUM, "predictor"), _sum(names.PREDICTION_COUNT, "predictor")),
        since=_moment(started) if (started := seen.now(_most(names.STARTED_AT, "order_api"))) else None,
    )


# A number of one look; None: the service is away, or does not tell it.
Reading = Callable[[Look], float | None]


# A service's name, and since when it runs: None where its page does not tell it.
Process = tuple[str, float | None]


@dataclass(frozen=True, slots=True)
class _Sum:
    """Over all processes of the service: each tells of its own work."""

    name: str
    service: str
    labels: Mapping[str, str]

    def __call__(self, look: Look) -> float | None:
        told = self.by_process(look)
        return sum(told.values()) if told else None

    def by_process(self, look: Look) -> dict[Process, float]:
        # A counter with labels is not there before its first event.
        return {
            (address, numbers.highest(names.STARTED_AT)): numbers.total(self.name, **self.labels) or 0.0
            for address, numbers in _of(look, self.service).items()
            if numbers.by_name
        }


def _sum(name: str, service: str, **labels: str) -> _Sum:
    return _Sum(name, service, labels)


def _most(name: str, service: str) -> Reading:
    """Where each process tells of the whole, and of what waits for the longest time."""

    def read(look: Look) -> float | None:
        return max(
            (value for one in _of(look, service).values() if (value := one.highest(name)) is not None), default=None
        )

    return read


def _of(look: Look, service: str) -> dict[str, Numbers]:
    return {name: numbers for name, numbers in look.numbers.items() if name.partition("-")[0] == service}


def _served(look: Look) -> list[Served]:
    """Nothing of a predictor that tells nothing."""
    found = []
    for recipe in RECIPES:
        for numbers in _of(look, "predictor").values():
            version = numbers.label(names.SERVED, "version", recipe=recipe)
            created = numbers.highest(names.TRAINED_AT, recipe=recipe)
            at = _moment(created) if version and created else None
            if numbers.by_name:
                found.append(Served(recipe, version or None, at))
    return found


def _moment(timestamp_s: float) -> datetime | None:
    """None: it lies beyond the years that there are."""
    with suppress(ValueError, OverflowError, OSError):
        return datetime.fromtimestamp(timestamp_s, UTC)
    return None


class _Seen:
    """One number over the looks."""

    def __init__(self, looks: Sequence[Look]) -> None:
        self._looks = looks
        self._last_s = looks[-1].at_s

    def now(self, read: Reading) -> float | None:
        return read(self._looks[-1])

    def rate(self, read: _Sum) -> float | None:
        if self.now(read) is None:
            return None
        return rate(_series([(look, read.by_process(look)) for look in self._looks if self._ago(look) <= WINDOW_S]))

    def rates(self, read: _Sum) -> list[Point]:
        """At each look, over the time before it that is long enough not to show single events."""
        window: deque[tuple[Look, Mapping[Process, float]]] = deque()
        points = []
        for look in self._looks:
            if not (counted := read.by_process(look)):
                continue
            window.append((look, counted))
            while look.at_s - window[0][0].at_s > SMOOTHED_S:
                window.popleft()
            points.append(Point(-self._ago(look), rate(_series(window)) or 0.0))
        return points[1:]

    def mean(self, read_sum: _Sum, read_count: _Sum) -> float | None:
        """Of what was measured in the window; None if nothing was."""
        measured, count = self.rate(read_sum), self.rate(read_count)
        return measured / count if measured is not None and count else None

    def waiting(self, read_events: Reading, read_oldest: Reading) -> Waiting:
        return Waiting(
            events=self.now(read_events),
            oldest_s=self.now(read_oldest),
            drain=drain(self._recent(read_events)) if self.now(read_events) is not None else None,
            events_curve=self._points(read_events),
            oldest_curve=self._points(read_oldest),
        )

    def _points(self, read: Reading) -> list[Point]:
        """By seconds before the last look; a look without the number is left out."""
        return [Point(-self._ago(look), value) for look in self._looks if (value := read(look)) is not None]

    def _recent(self, read: Reading) -> list[Point]:
        return [point for point in self._points(read) if point.at_s >= -WINDOW_S]

    def _ago(self, look: Look) -> float:
        return self._last_s - look.at_s


def _series(told: Sequence[tuple[Look, Mapping[Process, float]]]) -> Collection[Sequence[Point]]:
    """What each process said in turn. One that began after the first look had counted nothing then."""
    first = told[0][0]
    series: dict[Process, list[Point]] = {}
    for look, counted in told:
        for process, value in counted.items():
            is_new = process[1] is not None and process[1] > first.as_of.timestamp()
            points = series.setdefault(process, [Point(first.at_s, 0.0)] if is_new else [])
            points.append(Point(look.at_s, value))
    return series.values()
