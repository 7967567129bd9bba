"""What versions were worth on held-out rows, by when each was trained, as the places of an SVG's dots, ticks and names."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

# Of the picture, in its own units: on a phone as on a desktop about a pixel each.
WIDTH: Final = 360
HEIGHT: Final = 264
# Left of it stand the levels: up to seven characters.
LEFT: Final = 56
RIGHT: Final = 348
TOP: Final = 12
BOTTOM: Final = 116
# Names stand upright below the axis: closer than so they would run into each other.
NAME_APART: Final = 9.5
# Days beside each other, and how far the lowest and the highest value stay from the edges, as a share of what lies between them.
DAY_APART: Final = 62
_FREE: Final = 0.15
# Of the value, where all are the same.
_FREE_ALONE: Final = 0.05
# What a level stands below, and its decimals.
_DECIMALS: Final = ((100, 3), (1_000, 2), (10_000, 1))


@dataclass(frozen=True, slots=True)
class Judged:
    """What a version was worth in one question; less is better."""

    version: str
    trained_at: datetime
    value: float
    serves: bool = False


@dataclass(frozen=True, slots=True)
class Dot:
    """`is_named`: its name has a place of its own."""

    x: float
    y: float
    of: Judged
    is_named: bool


@dataclass(frozen=True, slots=True)
class OverTime:
    """One question's values by time, the oldest first; `days` stand along the axis of time, `levels` along the other one."""

    question: str
    dots: Sequence[Dot]
    days: Sequence[tuple[float, date]]
    levels: Sequence[tuple[float, float]]

    @property
    def values(self) -> Sequence[float]:
        return [dot.of.value for dot in self.dots]

    @property
    def decimals(self) -> int:
        """Of the levels: fewer of large ones, which have no room for more."""
        highest = self.levels[-1][1]
        return next((digits for below, digits in _DECIMALS if highest < below), 0)

    @property
    def points(self) -> str:
        """Of the line from dot to dot."""
        return " ".join(f"{dot.x:.1f},{dot.y:.1f}" for dot in self.dots)

    @property
    def unnamed(self) -> int:
        return sum(not dot.is_named for dot in self.dots)


def over_time(question: str, judged: Sequence[Judged]) -> OverTime:
    """Of at least one version."""
    told = sorted(judged, key=lambda one: one.trained_at)
    low, high = _range([one.value for one in told])
    places = _places([one.trained_at for one in told])
    named = _named(told, places)
    dots = [
        Dot(place, BOTTOM - (BOTTOM - TOP) * (one.value - low) / (high - low), one, number in named)
        for number, (one, place) in enumerate(zip(told, places, strict=True))
    ]
    levels = [(BOTTOM - (BOTTOM - TOP) * part, low + (high - low) * part) for part in (0, 0.5, 1)]
    return OverTime(question, dots, _days(told[0].trained_at, told[-1].trained_at), levels)


def _range(values: Sequence[float]) -> tuple[float, float]:
    """Not from 0 on: versions that follow each other differ by little."""
    low, high = min(values), max(values)
    free = _FREE * (high - low) or _FREE_ALONE * high or 1.0
    return max(0.0, low - free), high + free


def _places(moments: Sequence[datetime]) -> list[float]:
    """In the middle where there is no time between the first and the last one."""
    span = (moments[-1] - moments[0]).total_seconds()
    if not span:
        return [(LEFT + RIGHT) / 2] * len(moments)
    return [LEFT + (RIGHT - LEFT) * (moment - moments[0]).total_seconds() / span for moment in moments]


def _named(told: Sequence[Judged], places: Sequence[float]) -> set[int]:
    """What serves, then as many as there is room for, the newest first."""
    named: list[int] = []
    for number in sorted(range(len(told)), key=lambda number: (not told[number].serves, -number)):
        if all(abs(places[number] - places[other]) >= NAME_APART for other in named):
            named.append(number)
    return set(named)


def _days(first: datetime, last: datetime) -> list[tuple[float, date]]:
    """The first and the last one, and what has room between them: each once."""
    if first.date() == last.date():
        return [((LEFT + RIGHT) / 2, first.date())]
    parts = min((RIGHT - LEFT) // DAY_APART, (last.date() - first.date()).days)
    moments = [first + part * (last - first) / parts for part in range(parts + 1)]
    places = _places(moments)
    return [(place, moment.date()) for place, moment in zip(places, moments, strict=True)]
