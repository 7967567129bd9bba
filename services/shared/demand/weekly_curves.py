"""What the weekly counts of a product so far let expect of the next weeks, if its level, its trend and its season go on."""

from typing import Final

import numpy as np

from ordercast.services.shared.demand.activity import Bools, Floats, Ints

# Weeks that are expected, of which the mean is told.
NEXT_WEEKS: Final = 4
# Of a calendar that leaps.
YEAR_DAYS: Final = 365.2425
YEAR_WEEKS: Final = YEAR_DAYS / 7
# How far the log of a product's weekly rate lies from that of its mean so far by its level, by a trend within a year, and by both
# waves of a season, before anything else is known (standard deviations). Few counts leave a product near these, many do not. On
# the weeks that a real shop's forecasts learned from half and twice as much were as good.
DEVIATIONS: Final = np.array([3.0, 0.5, 0.35, 0.35])
# One product in twenty goes out of sale within 34 weeks: the longer one is silent that had counts each week, the likelier it has.
GOES_A_WEEK: Final = 0.05 / 34
# Of Newton's method, after which nothing moves any more.
STEPS: Final = 8
# A mean of fewer counts a week has no log to begin at.
_LEAST_MEAN: Final = 0.05
# exp of more is no number of visits.
_MOST_LOG: Final = 20.0


def expected_counts(weeks: Ints, told_of: Bools | None = None) -> Floats:
    """Mean count of the next `NEXT_WEEKS` weeks by product, from counts [products, weeks], the last week in column 0. Weeks
    that are not `told_of` have no counts and say nothing: others stay as long ago as they are.

    The most probable Poisson regression of a product's weeks, from its first to its last one with a count, on a level, a trend
    and a season, each with a normal prior; times the probability that a product which has been silent since is still on sale. A
    product's numbers are the same to the bit whichever others are beside it: all sums go week by week.
    """
    expected = np.zeros(len(weeks))
    counted = np.flatnonzero(weeks.any(axis=1))
    if not len(counted):
        return expected
    counts = weeks[counted]
    silent = np.argmax(counts > 0, axis=1)
    known = counts.shape[1] - np.argmax(counts[:, ::-1] > 0, axis=1)
    ago = np.arange(int(known.max()))
    there = np.ones((len(ago), 1), np.bool_) if told_of is None else told_of[: len(ago), None]
    told = (ago[:, None] >= silent) & (ago[:, None] < known) & there
    by_week = np.ascontiguousarray(counts[:, : len(ago)].T, np.float64)
    scatter = _scatter(by_week, told)
    fitted = _fitted(by_week / scatter, told)
    missed = _total(np.where((ago[:, None] < silent) & there, _rates(_waves(-ago), fitted), 0.0))
    on_sale = np.exp(-missed)
    ahead = scatter * _rates(_waves(np.arange(1, NEXT_WEEKS + 1)), fitted)
    expected[counted] = _total(ahead) / NEXT_WEEKS * on_sale / (on_sale + GOES_A_WEEK * silent)
    return expected


def _scatter(counts: Floats, told: Bools) -> Floats:
    """By product how much more a week differs from the one before than by chance, 1 at least: so many counts say as much as one."""
    both = told[1:] & told[:-1]
    squares = _total(np.where(both, np.diff(counts, axis=0) ** 2, 0.0))
    mean = _total(counts) / told.sum(axis=0)
    return np.asarray(np.maximum(squares / np.maximum(2 * mean * both.sum(axis=0), 1e-9), 1.0), np.float64)


def _fitted(counts: Floats, told: Bools) -> Floats:
    """The parameters [4, products], by Newton's method, of counts [weeks, products]; weeks that are not told have none."""
    waves, precision = _waves(-np.arange(len(counts))), DEVIATIONS[:, None] ** -2
    prior = np.zeros((len(precision), counts.shape[1]))
    prior[0] = np.log(np.maximum(_total(counts) / told.sum(axis=0), _LEAST_MEAN))
    found = prior.copy()
    curvature = np.empty((counts.shape[1], len(prior), len(prior)))
    for _ in range(STEPS):
        rates = np.where(told, _rates(waves, found), 0.0)
        slope = precision * (prior - found)
        for i, wave in enumerate(waves):
            slope[i] += _total((counts - rates) * wave)
            for j in range(i + 1):
                curvature[:, i, j] = curvature[:, j, i] = _total(rates * (wave * waves[j]))
            curvature[:, i, i] += precision[i]
        step = np.linalg.solve(curvature, slope.T[:, :, None])[:, :, 0].T
        found += step / np.maximum(np.abs(step).max(axis=0), 1.0)
    return found


def _waves(ahead: Ints) -> Floats:
    """[4, weeks, 1] what the log of a rate is a sum of, so many weeks ahead of the last one; behind it they are negative."""
    turn = 2 * np.pi * ahead / YEAR_WEEKS
    return np.stack([np.ones(len(ahead)), ahead / YEAR_WEEKS, np.cos(turn), np.sin(turn)])[:, :, None]


def _total(weeks: Floats) -> Floats:
    """Sums [products] week by week: numpy's own sum takes them in an order that depends on the shape, and `cumsum` three times as
    long."""
    found = np.zeros(weeks.shape[1])
    for week in weeks:
        found += week
    return found


def _rates(waves: Floats, parameters: Floats) -> Floats:
    """[weeks, products]; summed one by one, as a product of matrices depends on how many there are."""
    log = np.zeros((waves.shape[1], parameters.shape[1]))
    for wave, parameter in zip(waves, parameters, strict=True):
        log += wave * parameter
    return np.asarray(np.exp(np.minimum(log, _MOST_LOG)), np.float64)
