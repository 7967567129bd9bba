"""What numbers over time say: how fast a counter grows, and when a backlog will be gone at its present pace."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, NamedTuple

# Two looks would take one busy moment for a trend.
LEAST_POINTS: Final = 3


class Point(NamedTuple):
    """A number as it was at a moment (s)."""

    at_s: float
    value: float


@dataclass(frozen=True, slots=True)
class Drain:
    """`left_s` until nothing waits at this pace. None: nothing waits, or the backlog `grows` or stands still."""

    waits: bool
    left_s: float | None = None
    grows: bool = False


def rate(processes: Collection[Sequence[Point]]) -> float | None:
    """Of a counter, a second, over the time of all looks: each process counts for itself, and what they counted is added up."""
    at_s = [point.at_s for points in processes for point in points]
    if max(map(len, processes), default=0) < 2 or max(at_s) <= min(at_s):
        return None
    return sum(map(_grown, processes)) / (max(at_s) - min(at_s))


def _grown(points: Sequence[Point]) -> float:
    """A counter that fell was begun anew by a restart, and what it says since then counts."""
    return sum(
        after.value - before.value if after.value >= before.value else after.value for before, after in pairwise(points)
    )


def slope(points: Sequence[Point]) -> float | None:
    """Of a number that goes up and down, a second: by least squares."""
    if len(points) < LEAST_POINTS:
        return None
    middle_s = sum(point.at_s for point in points) / len(points)
    middle = sum(point.value for point in points) / len(points)
    spread = sum((point.at_s - middle_s) ** 2 for point in points)
    if spread <= 0:
        return None
    return sum((point.at_s - middle_s) * (point.value - middle) for point in points) / spread


def drain(backlog: Sequence[Point]) -> Drain | None:
    """None where it is not known: too few looks, or none at all."""
    if not backlog:
        return None
    now = backlog[-1].value
    if now <= 0:
        return Drain(waits=False)
    change = slope(backlog)
    if change is None:
        return None
    return Drain(waits=True, left_s=-now / change) if change < 0 else Drain(waits=True, grows=change > 0)
