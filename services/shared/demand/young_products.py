"""Products that are younger than any learned from, silent for longer, or never sold: their level answers, and nothing that corrects
it.

A shop that had no new product for a year has taught nothing of one. To networks and trees the weeks before its first order are
weeks without demand, as those of a product that nearly went out of sale: they said 0.79 of what then was sold, and two of three
intervals of 90 % held. The level is made of the weeks since the first order, or visit, alone. And no shop has taught of a product
that never sold, for what is learned from are products on sale: networks and trees said nine pieces in four weeks of each one of a
real shop that had only been entered.
"""

from dataclasses import replace

import numpy as np

from ordercast.contracts.demand_forward import DemandAnswer
from ordercast.contracts.ensemble_forward import Floats as Singles
from ordercast.services.shared.demand.activity import Bools, Floats


def leveled(answer: DemandAnswer, level: Floats, young: Bools) -> DemandAnswer:
    """The answer, with the level as mean and median of young products that have one; quantiles are as far apart as they were."""
    return _at_level(answer, level, young & (level > 0))


def resting(answer: DemandAnswer, level: Floats, silent: Bools) -> DemandAnswer:
    """The same of silent products, whose level falls week by week, to nothing in the end: nothing is the answer then. They may sell
    nothing at all, so their intervals begin at 0. The level may be 0: of products that never sold, whatever it is that is known."""
    at_level = _at_level(answer, level, silent)
    return replace(at_level, low=np.where(silent, np.float32(0), at_level.low))


def _at_level(answer: DemandAnswer, level: Floats, chosen: Bools) -> DemandAnswer:
    if not chosen.any():
        return answer
    logs = np.log1p(level) - np.log1p(answer.median.astype(np.float64))

    def moved(pieces: Singles) -> Singles:
        moved = np.expm1(np.maximum(np.log1p(pieces.astype(np.float64)) + logs, 0.0))
        return np.where(chosen, moved, pieces).astype(np.float32)

    mean = np.where(chosen, level, answer.mean).astype(np.float32)
    return DemandAnswer(answer.order_probability, mean, moved(answer.low), moved(answer.median), moved(answer.high))
