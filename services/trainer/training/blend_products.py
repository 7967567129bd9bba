"""Whether products by week get a boosted member beside the networks, and all weights: by held-out weeks before the judged ones.

Networks and trees err in different ways, so their mean is better than either (QUALITY.md says by how much). Both correct a level,
and overdo it where a shop has few products: a share of it itself holds them back. Where products stand still, all that a level
follows is noise: there each product's mean to date does it.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ordercast.contracts.demand_manifest import MOST_WEEKS, Boosting
from ordercast.services.shared.demand.activity import Bools, Floats, Ints
from ordercast.services.shared.demand.boosted_member import BoostedMember
from ordercast.services.shared.demand.conformal import FEWEST_IN_ALL
from ordercast.services.shared.demand.feature_list import names
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.judging.boosted_level import Arrays, BoostedLevel, grown
from ordercast.services.trainer.judging.bootstrap import paired_difference
from ordercast.services.trainer.judging.learned import CANDIDATES
from ordercast.services.trainer.judging.scores import clipped, row_clips, row_deviance

# Rows that trees are grown on: more of them cost a large shop memory and minutes, and made the real file's no better.
MOST_ROWS: Final = 400_000
# Of scikit-learn's HistGradientBoostingRegressor.
SETTINGS: Final = CANDIDATES[0]
WEIGHTS: Final = tuple(tenths / 10 for tenths in range(11))
# Of trees and networks half each, as neither is the better one.
USUAL_WEIGHT: Final = 0.5
# What holds both back, beside the level, and how much of it there is if nothing speaks against it: four weeks are too few to tell
# what little corrections cost. On a real shop 0.5 was best and 0.7 within a three-hundredth of it; in simulated shops of 120
# products 0.8 and more; in shops that stand still 0.7 to 1 of the mean to date.
STEADY: Final = "mean_all"
USUAL_STEADY_WEIGHT: Final = 0.7


@dataclass(frozen=True, slots=True)
class Blend:
    """`member` is None where neither trees nor the level help. `judged`: the held-out rows that nothing of it was chosen by."""

    record: Boosting
    member: BoostedMember | None
    arrays: Arrays
    judged: Bools


def blended(
    learned: Rows,
    held: Rows,
    clip: float,
    level: str,
    networks: Callable[[Rows], Floats],
    narrow: Callable[[Rows], Rows],
) -> Blend | None:
    """Grows trees on the rows to learn from and weighs them on the first four of the held-out weeks.

    None where that has too few rows to choose by, or leaves too few to be judged by.

    Args:
        learned: with the features that the trees are to see.
        held: with all features.
        clip: of targets.
        level: the feature that networks and trees correct.
        networks: what they say of held-out rows.
        narrow: held-out rows with the features of `learned`.
    """
    first = first_weeks(held)
    if min(first.sum(), (~first).sum()) < FEWEST_IN_ALL:
        return None
    learned = clipped(learned, clip, level)
    most = float(learned.target.max())
    trees = grow(learned, most, level)
    early = held.where(first)
    of_networks, of_trees = networks(early), trees(narrow(early))
    judged = early.target, row_clips(early, clip, level), early.product_id
    weight = chosen_weight(of_networks, of_trees, *judged)
    held_by = holds_back(learned, most, level)
    corrected = (1 - weight) * of_networks + weight * of_trees
    level_weight = chosen_weight(corrected, np.expm1(early.column(held_by)), *judged, USUAL_STEADY_WEIGHT)
    record = Boosting(weight, trees.trees.trees, dict(SETTINGS), trees.rows, len(early), level_weight, held_by)
    if not weight and not level_weight:
        return Blend(record, None, {}, np.ones(len(held), np.bool_))
    member = BoostedMember(weight, trees.trees, level_weight, names(held.features).index(held_by))
    return Blend(record, member, trees.arrays, ~first)


def holds_back(learned: Rows, clip: float, level: str) -> str:
    """The level, or the mean to date where that has said the weeks learned from better.

    No network is in it, so that all these weeks can tell, not only the few that are held out.
    """
    known = (level, STEADY) if STEADY in names(learned.features) else (level,)
    target = np.minimum(learned.target, clip)
    return min(known, key=lambda name: float(row_deviance(np.expm1(learned.column(name)), target).mean()))


def grow(learned: Rows, clip: float, level: str) -> BoostedLevel:
    """The trees, of `MOST_ROWS` of the rows at most."""
    if len(learned) > MOST_ROWS:
        chosen = np.zeros(len(learned), np.bool_)
        chosen[np.random.default_rng(0).permutation(len(learned))[:MOST_ROWS]] = True
        learned = learned.where(chosen)
    return grown(learned, clip, level, SETTINGS)


def first_weeks(held: Rows) -> Bools:
    """Rows whose week ends within the first four of the held-out weeks: half of them, or a fifth in a shop of few products."""
    ends = held.moment + 7 * held.weeks_ahead
    return np.asarray(ends <= held.moment.min() + 7 * (MOST_WEEKS // 2), np.bool_)


def chosen_weight(
    answer: Floats,
    other: Floats,
    target: Ints,
    clip: float | Floats,
    group: Ints,
    usual: float = USUAL_WEIGHT,
) -> float:
    """The weight of the other answer that is nearest to the usual one, of those that are not clearly worse than the best one.

    Four weeks say little of which weight the next ones will ask for: on the real file the best one of the trees was 0.2 in July,
    0.4 in October and 0.7 up to December, and a half was within the noise of which products there are, or better. 0 where the
    other answer only does harm.
    """
    counted = np.minimum(target, clip)
    losses = {
        weight: row_deviance((1 - weight) * answer + weight * other, counted)
        for weight in sorted(WEIGHTS, key=lambda weight: abs(weight - usual))
    }
    best = min(losses, key=lambda weight: float(losses[weight].mean()))
    return next(
        weight
        for weight, loss in losses.items()
        if weight == best or paired_difference(loss, losses[best], group).low <= 0
    )
