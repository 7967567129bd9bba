"""Pieces of each product by week before a moment, and their level by exponential smoothing."""

from typing import Final

import numpy as np

from ordercast.services.shared.demand.activity import Floats, Ints
from ordercast.services.shared.demand.known import Known, total

# Of a week two years back a level of 0.3 keeps 10**-16.
WEEKS: Final = 104
SMOOTHING: Final = 0.3


def pieces_by_week(known: Known) -> Ints:
    """Pieces (products, WEEKS), the last seven days before the moment in column 0; a week is never under 0."""
    days = known.days
    ago = (known.moment - 1 - days.day) // 7
    recent = ago < WEEKS
    cells = total(days.product[recent] * WEEKS + ago[recent], days.pieces[recent], known.products * WEEKS)
    return np.maximum(cells.reshape(known.products, WEEKS), 0)


def weeks_on_sale(known: Known) -> Ints:
    """By product, weeks since its first order, the first one counted; 0 without an order, WEEKS at most."""
    days = known.days
    first = np.full(known.products, known.moment, np.int64)
    np.minimum.at(first, days.product[days.ordered], days.day[days.ordered])
    return np.minimum((known.moment - 1 - first) // 7 + 1, WEEKS)


def smoothed_levels(weeks: Ints, on_sale: Ints) -> Floats:
    """Pieces a week by product: weights of 0.3 x 0.7**k for k weeks ago, made to add up to one since the first order."""
    level = np.zeros(len(weeks))
    for ago in range(WEEKS - 1, -1, -1):
        level = SMOOTHING * weeks[:, ago] + (1 - SMOOTHING) * level
    weight = 1 - np.cumprod(np.full(WEEKS, 1 - SMOOTHING))
    return np.where(on_sale > 0, level / weight[np.maximum(on_sale, 1) - 1], 0.0)
