"""How good a forecast of a product's weeks can be for whoever knows how the market is simulated, and of this shop the data alone.

It knows the form of the simulation (`ordercast/sample/market/parameters.py`) and what its parameters are drawn from, which no real
forecaster does; level, trend, season and end of each product it has to find in what was looked at and bought so far. So the floor
of the truth itself is nobody's who has a year of data, and this is about as far as one can get.
"""

from typing import Final

import numpy as np

from ordercast.sample.market.parameters import WEEKS
from ordercast.services.shared.demand.activity import Activity, Floats, Ints, positions
from ordercast.services.shared.demand.known import known_at, total
from ordercast.services.shared.demand.rows import Rows

# Deviations of what `make_market` draws: trend, and both parts of a season of up to 0.6 whose peak may be in any week. A level is
# as good as free.
TREND: Final = 0.5
SEASON: Final = float(np.sqrt(0.6**2 / 3 / 2))
LEVEL: Final = 3.0
# Of the products so many end, each in one of these weeks.
ENDING_SHARE: Final = 0.15
ENDING_WEEKS: Final = 34
# Lines that what all products have a visit counts for, beside a product's own.
PRIOR_VISITS: Final = 20
STEPS: Final = 50


def attainable_weeks(activity: Activity, begin: int, rows: Rows) -> Floats:
    """Pieces of each row's product and week, from what was known at the row's moment; the history began on `begin`."""
    answer = np.zeros(len(rows))
    for moment in np.unique(rows.moment).tolist():
        asked = rows.moment == moment
        looked, visit = _known(activity, begin, moment)
        product = positions(activity.products, rows.product_id[asked])
        for number in np.unique(product).tolist():
            these = np.flatnonzero(asked)[product == number]
            ahead = looked.shape[1] + rows.weeks_ahead[these] - 1
            answer[these] = visit[number] * _expected_visits(looked[number], ahead)
    return answer


def _known(activity: Activity, begin: int, moment: int) -> tuple[Ints, Floats]:
    """By product and week how often it was looked at, and the pieces that come of a visit, shrunken to those of all."""
    known = known_at(activity, moment)
    days, weeks, products = known.days, (moment - begin) // 7, known.products - 1
    cells = days.product * weeks + np.minimum((days.day - begin) // 7, weeks - 1)
    looked = total(cells, days.views > 0, products * weeks).reshape(products, weeks)
    pieces, visits = total(days.product, days.pieces, products), looked.sum(axis=1)
    of_all = pieces.sum() / max(visits.sum(), 1)
    return looked, (pieces + PRIOR_VISITS * of_all) / (visits + PRIOR_VISITS)


def _expected_visits(looked: Ints, week: Ints) -> Floats:
    """In some later weeks, of a product that was looked at so often in each week so far."""
    weeks = len(looked)
    sold = np.flatnonzero(looked)
    if not len(sold):
        return np.zeros(len(week))
    seen, past = slice(int(sold[0]), int(sold[-1]) + 1), np.arange(weeks)
    mean, spread = _fitted(_waves(past[seen]), looked[seen])
    silent = _rates(_waves(past[seen.stop :]), mean, spread).sum()
    ended = ENDING_SHARE * (weeks - seen.stop) / ENDING_WEEKS
    goes_on = (1 - ENDING_SHARE) * np.exp(-silent)
    return np.asarray(_rates(_waves(week), mean, spread) * (goes_on / (goes_on + ended)), np.float64)


def _waves(week: Ints) -> Floats:
    """[weeks, parameters] what the log of the rate is a sum of: level, trend, and both parts of the season."""
    turn = 2 * np.pi * week / WEEKS
    return np.column_stack([np.ones(len(week)), week / WEEKS - 0.5, np.cos(turn), np.sin(turn)])


def _fitted(waves: Floats, looked: Ints) -> tuple[Floats, Floats]:
    """The parameters and their covariance, as a normal distribution about the most probable ones (Laplace), by Newton's steps."""
    precision = 1 / np.array([LEVEL, TREND, SEASON, SEASON]) ** 2
    centre = np.array([np.log(max(looked.mean(), 0.1)), 0.0, 0.0, 0.0])
    found = centre.copy()
    for _ in range(STEPS):
        rate = np.exp(np.minimum(waves @ found, 20))
        slope = waves.T @ (looked - rate) - precision * (found - centre)
        curve = (waves.T * rate) @ waves + np.diag(precision)
        step = np.linalg.solve(curve, slope)
        found += step * min(1.0, 1 / max(float(np.abs(step).max()), 1e-9))
        if float(np.abs(step).max()) < 1e-8:
            break
    return found, np.linalg.inv(curve)


def _rates(waves: Floats, mean: Floats, spread: Floats) -> Floats:
    """The expectation of the rate: of a log-normal variable."""
    return np.asarray(np.exp(waves @ mean + 0.5 * np.einsum("wi,ij,wj->w", waves, spread, waves)), np.float64)
