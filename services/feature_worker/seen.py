"""Which numbers of a stream have been seen. Pure.

All up to `last`, and where numbers are missing also those in `ahead`: missing ones may still come, so none of them may be taken for
a repeat because a higher one was seen.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

# Gaps of one stream that are kept. A broker that lost records leaves a few; more is somebody who makes them.
MAX_RUNS: Final = 1_000


class Run(NamedTuple):
    """Numbers one after the other, both ends included."""

    first: int
    last: int


class Seen(NamedTuple):
    """What has been seen of one stream. `ahead` is above `last`, ascending, with at least one missing number before each run."""

    last: int = 0
    ahead: tuple[Run, ...] = ()

    def has(self, number: int) -> bool:
        return number <= self.last or any(run.first <= number <= run.last for run in self.ahead)

    def plus(self, number: int) -> "Seen":
        """With a number that had not been seen."""
        if not self.ahead and number == self.last + 1:  # nearly always
            return Seen(number)
        return seen(self.last, [*self.ahead, Run(number, number)])

    def without_above(self, number: int) -> "Seen":
        """Without the runs, and parts of them, above a number."""
        return Seen(
            self.last, tuple(Run(run.first, min(run.last, number)) for run in self.ahead if run.first <= number)
        )


def seen(last: int, runs: Iterable[Run]) -> Seen:
    """All numbers up to `last` and those in the runs, whatever their order and however they overlap."""
    ahead: list[Run] = []
    for run in sorted(runs):
        before = ahead[-1].last if ahead else last
        if run.first > before + 1:
            ahead.append(run)
        elif run.last > before:
            if ahead:
                ahead[-1] = Run(ahead[-1].first, run.last)
            else:
                last = run.last
    return Seen(last, tuple(ahead))
