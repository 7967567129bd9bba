"""Pieces and visits of each product by week before a moment, and its level by exponential smoothing of either or by a curve."""

from typing import Final

import numpy as np

from ordercast.services.shared.demand.activity import Bools, Floats, Ints
from ordercast.services.shared.demand.known import Known, total
from ordercast.services.shared.demand.weekly_curves import expected_counts

# Of a week two years back a level of 0.3 keeps 10**-16.
WEEKS: Final = 104
SMOOTHING: Final = 0.3
# The same of visits. There are some ten of them for each order, so a week of theirs is that much less noise.
VISITS_SMOOTHING: Final = 0.5
# Visits, or lines, that what all products have of one counts for, beside a product's own.
PRIOR_VISITS: Final = 20
PRIOR_LINES: Final = 5


def pieces_by_week(known: Known) -> Ints:
    """Pieces (products, WEEKS), the last seven days before the moment in column 0; a week is never under 0."""
    return np.maximum(_by_week(known, known.days.pieces), 0)


def visits_by_week(known: Known) -> Ints:
    """The same of visits: an account that looks at a product, or puts it into the cart, on a day, however often."""
    return _by_week(known, (known.days.views > 0) | (known.days.carts > 0))


def lines_by_week(known: Known) -> Ints:
    """The same of lines: pair-days with an order."""
    return _by_week(known, known.days.ordered)


def weeks_on_sale(known: Known) -> Ints:
    """By product, weeks since its first order, the first one counted; 0 without an order, WEEKS at most."""
    days = known.days
    first = np.full(known.products, known.moment, np.int64)
    np.minimum.at(first, days.product[days.ordered], days.day[days.ordered])
    return np.minimum((known.moment - 1 - first) // 7 + 1, WEEKS)


def smoothed_levels(weeks: Ints, on_sale: Ints) -> Floats:
    """Pieces a week by product: weights of 0.3 x 0.7**k for k weeks ago, made to add up to one since the first order."""
    return _smoothed(weeks, on_sale, SMOOTHING)


def visit_levels(pieces: Ints, visits: Ints, level: Floats) -> Floats:
    """Pieces a week by product as its visits let expect them: their level, times the pieces that came of one so far.

    `level` is left to say what no visit tells: of a product without any, and of all where visits are not counted now.
    """
    told = _told(pieces, visits)
    if told is None:
        return level
    pieces, visits = pieces[:, told], visits[:, told]
    since = np.where(visits.any(axis=1), visits.shape[1] - np.argmax(visits[:, ::-1] > 0, axis=1), 0)
    return np.where(
        since > 0, _smoothed(visits, since, VISITS_SMOOTHING) * _of_one(pieces, visits, PRIOR_VISITS), level
    )


def curve_levels(pieces: Ints, visits: Ints, lines: Ints) -> Floats:
    """Pieces a week by product as the curve of its visits lets expect them (`weekly_curves`), or of its lines, where visits are not
    counted now or it has none: what is expected of either, times the pieces that came of one so far."""
    told = _told(pieces, visits)
    if told is None:
        return expected_counts(lines) * _of_one(pieces, lines, PRIOR_LINES)
    unseen = np.asarray(~visits.any(axis=1))
    of_lines = expected_counts(np.where(unseen[:, None], lines, 0)) * _of_one(pieces, lines, PRIOR_LINES)
    of_visits = expected_counts(visits, told) * _of_one(pieces[:, told], visits[:, told], PRIOR_VISITS)
    return np.where(unseen, of_lines, of_visits)


def _told(pieces: Ints, visits: Ints) -> Bools | None:
    """Which weeks visits tell of: not those in which pieces were sold and nobody looked at anything, as they were not counted
    then. None where the last week is such a one, or there are no visits."""
    told = np.asarray(visits.any(axis=0) | ~pieces.any(axis=0))
    return told if visits.any() and told[0] else None


def _of_one(pieces: Ints, counts: Ints, prior: int) -> Floats:
    """By product the pieces that came of one visit or line since its first one, shrunken to those of all products."""
    since = np.where(counts.any(axis=1), counts.shape[1] - np.argmax(counts[:, ::-1] > 0, axis=1), 0)
    came = np.where(np.arange(pieces.shape[1]) < since[:, None], pieces, 0).sum(axis=1)
    of_each = counts.sum(axis=1)
    return np.asarray((came + prior * (came.sum() / max(of_each.sum(), 1))) / (of_each + prior), np.float64)


def _by_week(known: Known, values: Ints | Bools) -> Ints:
    """Sums [products, WEEKS] of pair-days."""
    days = known.days
    ago = (known.moment - 1 - days.day) // 7
    recent = ago < WEEKS
    cells = total(days.product[recent] * WEEKS + ago[recent], values[recent], known.products * WEEKS)
    return cells.reshape(known.products, WEEKS)


def _smoothed(weeks: Ints, since: Ints, share: float) -> Floats:
    """Weights that add up to one over so many weeks; 0 where there are none."""
    level = np.zeros(len(weeks))
    for ago in range(weeks.shape[1] - 1, -1, -1):
        level = share * weeks[:, ago] + (1 - share) * level
    weight = 1 - np.cumprod(np.full(weeks.shape[1], 1 - share))
    return np.where(since > 0, level / weight[np.maximum(since, 1) - 1], 0.0)
