"""Intervals and stock levels in whole pieces, from what a model says of a row and thresholds of held-out scores.

What a model says of the spread is stretched until it holds (conformalised quantile regression: Romano, Patterson, Candes 2019,
here with a factor, so that one set of scores serves every level). Ends are rounded inward: whole pieces lie within the rounded
ends if they lie within the ends, so rounding does not change what an interval holds.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import reduce
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ordercast.services.shared.demand.conformal import Floats, Ints

# Pieces that a median counts as at least, either way, of its spread: half a piece either side of the median is no error.
LEAST_SPREAD: Final = 0.5
# Threshold from which on an interval begins at 0 where the quantile .05 is 0: many targets are exactly 0 there, and if they all
# came in at the threshold of the usual level, an interval would hold either too little or far too much.
NOTHING_FROM: Final = 0.5
# Room for rounding: the pieces whose own score is the threshold are in.
_EXACT: Final = 1e-9
# Where so much is expected that nothing seen bounds it, an end lies no farther out than so many times that.
ROOM: Final = 2
# log(1 + 2**52): more pieces than a float can tell apart.
_MOST_LOG: Final = 36.0


@dataclass(frozen=True, slots=True)
class Said:
    """What a model says of each row: expected pieces, and the quantiles .05, .5 and .95 of log(1 + pieces).

    `outward`: no interval and no stock ends below the mean itself, from half a piece on, and none is cut where it does. Versions of
    releases before were judged and calibrated with the mean rounded to the nearest piece, and with none that held a stock.
    """

    mean: Floats
    low: Floats
    middle: Floats
    high: Floats
    outward: bool = field(default=True, kw_only=True)

    def where(self, chosen: NDArray[np.bool_]) -> "Said":
        """Some of the rows."""
        return Said(self.mean[chosen], self.low[chosen], self.middle[chosen], self.high[chosen], outward=self.outward)


def interval_scores(said: Said, pieces: Ints) -> Floats:
    """By row, the smallest threshold whose interval holds the pieces; 0 at the median, 1 at the quantile .05 or .95."""
    middle, down, up = _spread(said)
    off = np.log1p(pieces) - middle
    scores = np.where(off > 0, off / up, -off / down)
    least, most = _always_in(said, middle)
    return np.asarray(np.where((pieces >= least) & (pieces <= most), 0.0, scores), np.float64)


def intervals(said: Said, thresholds: Floats, most_seen: Ints) -> tuple[Ints, Ints]:
    """Lowest and highest pieces, no more than `most_seen`, or twice what is expected; rounded mean and median are always in, so no
    interval is empty.

    A threshold is a factor of the spread: where a huge order came for a row that expects few, that factor would say billions of
    a row that expects more.
    """
    middle, down, up = _spread(said)
    wide = np.maximum(thresholds, 0.0)
    least, most = _always_in(said, middle)
    highest = np.minimum(_at_most(middle + wide * up), np.maximum(most_seen, _with_room(said, most)))
    return np.minimum(_at_least(middle - wide * down), least), np.maximum(highest, most)


def upper_scores(said: Said, pieces: Ints) -> Floats:
    """By row, the smallest threshold whose stock is enough; minus infinity where no more is needed than is expected."""
    middle, down, up = _spread(said)
    off = np.log1p(pieces) - middle
    return np.asarray(np.where(pieces > _expected(said), np.where(off > 0, off / up, off / down), -np.inf), np.float64)


def stock(said: Said, thresholds: Floats, most_seen: Ints) -> Ints:
    """Pieces that are enough with the probability of the thresholds' level, no more than `most_seen`, and no fewer than expected.

    `most_seen` bounds no stock under twice mean and median, as it bounds no interval: who expects as much as anybody ever sold
    needs more for the weeks in which more comes. A level for which less than the mean is enough, as of pieces that come seldom and
    then are many, is more than held.
    """
    middle, down, up = _spread(said)
    _, least = _always_in(said, middle)
    enough = _at_most(middle + thresholds * np.where(thresholds > 0, up, down))
    return np.maximum(np.minimum(enough, np.maximum(most_seen, _with_room(said, least))), _expected(said))


def of_several_weeks(weeks: Sequence[Said]) -> Said:
    """Of their pieces together, as if all weeks came out high or low together: thresholds of such sums make up for it."""

    # One after the other: numpy's sum of a table adds up one row in another order than many, which differ in the last bit.
    def summed(column: Callable[[Said], Floats]) -> Floats:
        return np.asarray(
            np.log1p(reduce(np.add, (np.expm1(np.maximum(column(week), 0.0)) for week in weeks))), np.float64
        )

    return Said(
        mean=np.asarray(reduce(np.add, (week.mean for week in weeks)), np.float64),
        low=summed(lambda week: week.low),
        middle=summed(lambda week: week.middle),
        high=summed(lambda week: week.high),
        outward=weeks[0].outward,
    )


def _spread(said: Said) -> tuple[Floats, Floats, Floats]:
    """The median, and how far the outer quantiles are from it, in log(1 + pieces); quantiles that cross are put in order."""
    low, middle, high = np.sort(np.stack([said.low, said.middle, said.high]), axis=0)
    middle = np.maximum(middle, 0.0)
    least = np.log1p(LEAST_SPREAD * np.exp(-middle))
    down = np.where(low < np.log1p(LEAST_SPREAD), middle / NOTHING_FROM, middle - low)
    return middle, np.maximum(down, least), np.maximum(high - middle, least)


def _always_in(said: Said, middle: Floats) -> tuple[Ints, Ints]:
    median, mean = (np.rint(ends).astype(np.int64) for ends in (np.expm1(middle), np.maximum(said.mean, 0.0)))
    return np.minimum(median, mean), np.maximum(np.maximum(median, mean), _expected(said))


def _expected(said: Said) -> Ints:
    """By row, the whole pieces that are no fewer than the mean; under half a piece none, and none where it is not `outward`.

    A pair that orders once in twenty times may expect that: nothing is what it has nineteen times.
    """
    mean = np.maximum(said.mean, 0.0)
    above = np.where(mean < 0.5, 0.0, np.ceil(mean - _EXACT * (1 + mean)))
    return (above if said.outward else np.zeros_like(above)).astype(np.int64)


def uncut(said: Said) -> Ints:
    """By row, the pieces up to which no bound cuts an interval or a stock."""
    return _with_room(said, _always_in(said, _spread(said)[0])[1])


def most_by_mean(mean: Floats, level: float) -> Ints:
    """By row, pieces that are exceeded with no more than the probability that the level leaves out, however they are spread: by
    Markov's inequality, from their mean alone."""
    pieces = np.maximum(mean, 0.0) / (1 - level) - 1
    return np.maximum(np.ceil(pieces - _EXACT * (1 + pieces)), 0.0).astype(np.int64)


def _with_room(said: Said, most: Ints) -> Ints:
    """Twice that. In versions of releases before there was no room: what is expected was the end, where nobody had sold more."""
    return ROOM * most if said.outward else most


def _at_least(log_pieces: Floats) -> Ints:
    pieces = np.expm1(np.minimum(np.maximum(log_pieces, 0.0), _MOST_LOG))
    return np.ceil(pieces - _EXACT * (1 + pieces)).astype(np.int64)


def _at_most(log_pieces: Floats) -> Ints:
    pieces = np.expm1(np.minimum(np.maximum(log_pieces, 0.0), _MOST_LOG))
    return np.floor(pieces + _EXACT * (1 + pieces)).astype(np.int64)
