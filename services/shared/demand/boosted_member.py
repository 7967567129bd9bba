"""The boosted member of `demand`: trees that correct the same level as the networks, mixed with their mean."""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ordercast.contracts.boosted_forward import BoostedTrees
from ordercast.contracts.demand_forward import DemandAnswer
from ordercast.services.shared.demand.activity import Floats

# Added to the level that trees correct: they multiply it, and a product that rests may come back.
ADDED_LEVEL: Final = 1.0
# Bound of the logarithm of what they multiply it by.
MOST_LOG_RATIO: Final = 12.0


def boosted_mean(trees: BoostedTrees, inputs: Floats, level: Floats) -> Floats:
    """Expected pieces by row: the level, times what the trees say of it."""
    return np.asarray(np.exp(np.minimum(trees.raw(inputs), MOST_LOG_RATIO)) * (level + ADDED_LEVEL), np.float64)


@dataclass(frozen=True, slots=True)
class BoostedMember:
    """`weight` of the trees' mean, from 0 to 1; the rest is the networks'. Of that mean `level_weight` is instead what holds both
    back: of all features the one at the place `holds_back`, as pieces.

    The networks' quantiles stay: intervals are calibrated.
    """

    weight: float
    trees: BoostedTrees
    level_weight: float
    holds_back: int

    def mixed(self, answer: DemandAnswer, inputs: Floats, level: Floats, holds_back: Floats) -> DemandAnswer:
        """The networks' answer with the mean of all."""
        corrected = answer.mean.astype(np.float64)
        if self.weight:  # without a share the trees would be asked for nothing
            corrected = (1 - self.weight) * answer.mean + self.weight * boosted_mean(self.trees, inputs, level)
        mean = ((1 - self.level_weight) * corrected + self.level_weight * holds_back).astype(np.float32)
        return DemandAnswer(answer.order_probability, mean, answer.low, answer.median, answer.high)
