"""Groups of rows that have thresholds of their own: what holds for all together may fail for large predictions alone."""

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ordercast.services.shared.demand.conformal import Floats, Ints

Bools = NDArray[np.bool_]

# Lines of a product from which on it is in the next group: rare, usual, often.
PRODUCT_LINES: Final = (20, 200)
# Predicted pieces from which on a row is in the next group: each about twice the one before.
PIECES: Final = (2, 4, 8, 16, 32, 64, 128)
# The same of a pair's expected pieces, no order counted in: coarser, because few pairs expect many.
PAIR_PIECES: Final = (1, 5, 20)
# Days since its first order up to which a product is young: its means over 13 weeks are not those of so many. All young ones share
# their thresholds, whatever they expect: in a shop they are few, and the others are surer of themselves. Where they are too few for
# that, they have those of their size. A group under 0 (`conformal`): what one sold bounds no other.
YOUNG_DAYS: Final = 91
_YOUNG: Final = -1
# Days since its last order up to which a product is on sale: these are learned from, judged and calibrated on.
ON_SALE_DAYS: Final = 13 * 7
# Probability of an order from which on an interval of 90 % has to hold more than no pieces at all. In a small shop all likely
# pairs share a threshold, apart from the many of which nothing will come.
LIKELY: Final = 0.1
# Probability of an order from which on a pair is in the next group. Close where a level turns from "nothing" to something.
PROBABILITIES: Final = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5)


def classes(values: Floats, edges: Sequence[float]) -> Ints:
    """How many of the edges each value has reached."""
    return np.searchsorted(np.asarray(edges, np.float64), values, side="right").astype(np.int64)


def line_groups(mean: Floats, product_lines: Floats, pair_known: Bools) -> Ints:
    """[rows, 3] size with product's class and whether the pair is known; size with product's class; size."""
    size, product = classes(mean, PIECES), classes(product_lines, PRODUCT_LINES)
    sized = size * (len(PRODUCT_LINES) + 1) + product
    return np.column_stack([sized * 2 + pair_known, sized, size])


def product_groups(mean: Floats, product_lines: Floats, young: Bools) -> Ints:
    """[rows, 2] size with product's class, or young products; size."""
    size, product = classes(mean, PIECES), classes(product_lines, PRODUCT_LINES)
    return np.column_stack([np.where(young, _YOUNG, size * (len(PRODUCT_LINES) + 1) + product), size])


def stock_groups(mean: Floats, weeks: Ints, young: Bools) -> Ints:
    """[rows, 2] weeks with size, or with young products; the weeks.

    Young products are not put together over numbers of weeks: scores shrink as weeks add up, and one bad launch is in all of them.
    """
    sized = weeks * (len(PIECES) + 1) + classes(mean, PIECES)
    return np.column_stack([np.where(young, _YOUNG * weeks, sized), weeks])


def pair_groups(probability: Floats, mean: Floats) -> Ints:
    """[rows, 3] probability of an order with expected pieces' class; the probability; whether an order is likely."""
    chance, size = classes(probability, PROBABILITIES), classes(mean, PAIR_PIECES)
    return np.column_stack([chance * (len(PAIR_PIECES) + 1) + size, chance, probability >= LIKELY])
