"""How far the features of today lie from those that a model learned from: the population stability index.

Siddiqi, Credit Risk Scorecards (2006): under 0.1 nothing has changed, over 0.25 a lot has.
"""

from collections.abc import Sequence
from typing import Final

import numpy as np

from ordercast.contracts.demand_manifest import FeatureBins
from ordercast.services.shared.demand.activity import Floats, Ints

# Bins of a feature; fewer where many rows have the same value.
BINS: Final = 10
# An empty bin counts as this share: the index of none at all is infinite.
LEAST_SHARE: Final = 1e-4


def bins_of(values: Floats) -> tuple[FeatureBins, ...]:
    """Of each column of [rows, features], rows at least one: edges at its deciles, and the share of the rows between them."""
    bins = []
    for column in values.T:
        edges = np.unique(np.quantile(column, np.arange(1, BINS) / BINS, method="lower"))
        bins.append(FeatureBins(tuple(edges.tolist()), tuple((_counts(edges, column) / len(column)).tolist())))
    return tuple(bins)


def stability_index(bins: FeatureBins, column: Floats) -> float:
    """Of a feature's values, at least one, against those of the training."""
    before = np.maximum(np.array(bins.shares), LEAST_SHARE)
    now = np.maximum(_counts(bins.edges, column) / len(column), LEAST_SHARE)
    return float(((now - before) * np.log(now / before)).sum())


def _counts(edges: Sequence[float] | Floats, column: Floats) -> Ints:
    """Rows up to the first edge, up to the second, and so on, and above the last."""
    return np.bincount(np.searchsorted(np.asarray(edges), column, side="left"), minlength=len(edges) + 1)
