"""What the networks of each question say of the spread of pieces, as `intervals` takes it."""

from statistics import NormalDist
from typing import Final

import numpy as np

from ordercast.contracts.demand_forward import DemandAnswer
from ordercast.services.shared.demand.intervals import Said

# The normal distribution's quantiles at even steps: between the three quantiles of an answer others lie as in it.
_PROBABILITIES: Final = np.arange(1, 1000) / 1000
_DEVIATIONS: Final = np.array([NormalDist().inv_cdf(float(probability)) for probability in _PROBABILITIES])
# Of an answer, as a column.
_QUANTILES: Final = np.array([[0.05], [0.5], [0.95]])
_AT_95: Final = NormalDist().inv_cdf(0.95)


def said_of_pieces(answer: DemandAnswer) -> Said:
    """Of an order line, or of a product's week: the networks' own quantiles."""
    low, middle, high = (np.log1p(column.astype(np.float64)) for column in (answer.low, answer.median, answer.high))
    return Said(answer.expected.astype(np.float64), low, middle, high)


def said_of_pairs(answer: DemandAnswer) -> Said:
    """Of a pair's pieces within the horizon: none as often as there is no order, else the networks' quantiles if there is one."""
    ordered = np.clip(answer.order_probability.astype(np.float64), 0.0, 1.0)
    low, middle, high = np.sort(
        [np.log1p(column.astype(np.float64)) for column in (answer.low, answer.median, answer.high)], axis=0
    )

    # All three at once: for one pair, as single questions are, numpy's calls cost more than what they do.
    within = np.divide(
        _QUANTILES - (1 - ordered), ordered, out=np.zeros((len(_QUANTILES), len(ordered))), where=ordered > 0
    )
    deviations = np.interp(within, _PROBABILITIES, _DEVIATIONS) / _AT_95
    pieces = middle + np.where(deviations > 0, deviations * (high - middle), deviations * (middle - low))
    quantiles = np.where(within > 0, np.maximum(pieces, np.log(2)), 0.0)
    return Said(answer.expected.astype(np.float64), *quantiles)
