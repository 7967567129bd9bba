"""What a model has to beat: naive answers, and classical ones, for each of the three questions."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Final

import numpy as np

from ordercast.services.shared.demand import naive
from ordercast.services.shared.demand.activity import Floats
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.judging.boosted_level import boosted_level
from ordercast.services.trainer.judging.learned import (
    Answer,
    boosted_in_two_parts,
    boosted_pieces,
    boosted_probability,
    poisson_regression,
)

# Lines of all products that a product's mean has beside its own.
PRIOR_LINES: Final = 10


@dataclass(frozen=True, slots=True)
class Opponent:
    """`fit` learns from rows, with targets clipped at the number, and gives what answers; a learner takes minutes for it."""

    name: str
    fit: Callable[[Rows, float], Answer]
    learner: bool = False


def _of_feature(name: str) -> Callable[[Rows, float], Answer]:
    """The feature itself, a log(1 + pieces), answered as pieces."""

    def fit(rows: Rows, clip: float) -> Answer:
        return lambda asked: np.expm1(asked.column(name))

    return fit


def _mean(rows: Rows, clip: float) -> Answer:
    """Of clipped targets, as it is judged by them: one huge order would make it easy to beat."""
    mean = float(np.minimum(rows.target, clip).mean())
    return lambda asked: np.full(len(asked), mean)


def _product_mean(rows: Rows, clip: float) -> Answer:
    """Of the rows learned from, shrunken to the mean of all; of clipped targets."""
    products, place = np.unique(rows.product_id, return_inverse=True)
    target = np.minimum(rows.target, clip)
    mean = float(target.mean())
    sums = np.append(np.bincount(place, target), 0.0)
    lines = np.append(np.bincount(place), 0)
    means = (sums + PRIOR_LINES * mean) / (lines + PRIOR_LINES)

    def answer(asked: Rows) -> Floats:
        found = np.minimum(np.searchsorted(products, asked.product_id), len(products) - 1)
        return np.asarray(means[np.where(products[found] == asked.product_id, found, -1)], np.float64)

    return answer


def rate_so_far(rows: Rows, feature: str, horizon_days: int) -> Floats:
    """What a pair had by day until now, for the days of the horizon."""
    return naive.rate_so_far(rows.column(feature), rows.column("pair_days_since_first"), horizon_days)


def _pieces_so_far(horizon_days: int) -> Callable[[Rows, float], Answer]:
    return lambda rows, clip: lambda asked: rate_so_far(asked, "pair_pieces", horizon_days)


def _orders_so_far(horizon_days: int) -> Callable[[Rows, float], Answer]:
    return lambda rows, clip: lambda asked: 1 - np.exp(-rate_so_far(asked, "pair_orders", horizon_days))


def _order_share(rows: Rows, clip: float) -> Answer:
    share = float((rows.target > 0).mean())
    return lambda asked: np.full(len(asked), share)


# Answers that need no learning: each training is judged against them.
NAIVE_LINES: Final = (
    Opponent("mean", _mean),
    Opponent("product mean", _product_mean),
    Opponent("shrunken log means", _of_feature("pair_level")),
)
NAIVE_PRODUCTS: Final = (
    Opponent("mean", _mean),
    Opponent("product mean to date", _of_feature("mean_all")),
    Opponent("last week", _of_feature("week_1")),
    Opponent("mean of 8 weeks", _of_feature("mean_8")),
    Opponent("median of 8 weeks", _of_feature("median_8")),
    Opponent("exponential smoothing", _of_feature("level")),
)

LINE_OPPONENTS: Final = (
    *NAIVE_LINES,
    Opponent("Poisson regression", poisson_regression, learner=True),
    Opponent("gradient boosting, Poisson", boosted_pieces, learner=True),
    Opponent("gradient boosting, level as offset", partial(boosted_level, level="pair_level"), learner=True),
    Opponent("gradient boosting, absolute error", partial(boosted_pieces, loss="absolute_error"), learner=True),
)

PRODUCT_OPPONENTS: Final = (
    *NAIVE_PRODUCTS,
    Opponent("level, trend and season", _of_feature("curve_level")),
    Opponent("Poisson regression", poisson_regression, learner=True),
    Opponent("gradient boosting, Poisson", boosted_pieces, learner=True),
    Opponent("gradient boosting, level as offset", partial(boosted_level, level="curve_level"), learner=True),
)


def naive_pairs(horizon_days: int) -> tuple[Opponent, ...]:
    """Answers of a pair's pieces within the horizon that need no learning."""
    return (
        Opponent("mean", _mean),
        Opponent("quantity of its usual order", _of_feature("pair_mean_log_quantity")),
        Opponent("rate so far", _pieces_so_far(horizon_days)),
    )


def pair_opponents(horizon_days: int) -> tuple[Opponent, ...]:
    """Answers of a pair's pieces within the horizon."""
    return (
        *naive_pairs(horizon_days),
        Opponent("gradient boosting in two parts", boosted_in_two_parts, learner=True),
    )


def order_opponents(horizon_days: int) -> tuple[Opponent, ...]:
    """Answers of the probability that a pair orders within the horizon."""
    return (
        Opponent("share of all", _order_share),
        Opponent("order rate so far", _orders_so_far(horizon_days)),
        Opponent("gradient boosting", lambda rows, clip: boosted_probability(rows), learner=True),
    )
