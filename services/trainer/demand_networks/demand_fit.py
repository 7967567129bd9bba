"""What goes into the fit of the networks of demand, and what comes out. Nothing here imports TensorFlow."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ordercast.contracts.demand_forward import DemandNetworks, InputScaling
from ordercast.contracts.demand_manifest import Head
from ordercast.contracts.ensemble_forward import Floats
from ordercast.services.shared.demand.activity import Floats as Doubles
from ordercast.services.shared.demand.activity import Ints
from ordercast.services.shared.demand.feature_list import Feature, unknown

# A head that adds the same to all rows within this, in logs, has learned nothing of them: a thousandth of the pieces.
CONSTANT_RANGE: Final = 1e-3
# Times that a member which answers a constant is trained again, from another start.
MOST_ATTEMPTS: Final = 3

# Features that are beyond all that was learned from at any later moment, or as soon as the whole shop changes, whatever a row is
# like: days since a first order, and what tells of all products. A network goes on beyond as it happened to go within, so it is
# told no more than the farthest that it learned from. Others say something there: a product that sold nothing for weeks has
# stopped, also in a shop in which none ever had.
HELD: Final = frozenset(
    {"age", "shop_week", "shop_month", "pair_days_since_first", "product_age", "account_age"},
)

# Hears of an epoch, from 1 on, and each member's mean loss in it.
OnEpoch = Callable[[int, Sequence[float]], None]
# Hears which members answer a constant, those that were trained again so far, and which time begins (0: none).
OnLook = Callable[[Sequence[int], Sequence[int], int], None]


class DemandFitRefused(ValueError):
    """The rows cannot be learned from, or the losses were no finite numbers; the message says which."""


@dataclass(frozen=True, slots=True)
class DemandRecipe:
    """How the networks of one question are built and trained. `loss_weights` are those of the heads' losses, one for each.

    The rate of AdamW falls to 0 by a cosine over all steps; a member's gradient is held to `most_gradient` in norm.
    """

    heads: tuple[Head, ...]
    loss_weights: tuple[float, ...]
    hidden: tuple[int, ...] = (64, 32)
    members: int = 10
    epochs: int = 8
    batch_size: int = 1024
    learning_rate: float = 2e-3
    weight_decay: float = 1e-4
    most_gradient: float = 10.0


@dataclass(frozen=True, slots=True)
class DemandFit:
    """Rows to learn from: `values` [rows, features], `level` and `target` in pieces [rows], the target clipped already.

    Each member draws the `group`s (accounts, or products) anew, as many as there are: a bootstrap.
    """

    recipe: DemandRecipe
    seed: int
    values: Doubles
    level: Doubles
    target: Doubles
    group: Ints


@dataclass(frozen=True, slots=True)
class TrainedDemand:
    """Members in order: `loss` [members][epochs] as learned, by the start that stayed; `attempts` beyond the first start.

    `collapsed`: members that answer a constant even so.
    """

    recipe: DemandRecipe
    arrays: Mapping[str, Floats]
    loss: tuple[tuple[float, ...], ...]
    attempts: tuple[int, ...]
    collapsed: tuple[int, ...]

    def networks(self) -> DemandNetworks:
        """What answers."""
        return DemandNetworks.of_arrays(self.recipe.heads, self.recipe.hidden, self.recipe.members, self.arrays)


def input_scaling(features: tuple[Feature, ...], values: Doubles) -> InputScaling:
    """Means, deviations and bounds of what is known in each column; a column beyond the features is never unknown.

    For days the value of "never" stands for unknown: it is far from all others and says something else. Those that are not
    `HELD` have no bounds.
    """
    beyond = np.full(values.shape[1] - len(features), np.nan)
    missing = np.append(unknown(features), beyond).astype(np.float32)
    known = np.ma.masked_array(values, values.astype(np.float32) == missing)
    mean, deviation = known.mean(axis=0).filled(0), known.std(axis=0).filled(0)
    varies = deviation > 1e-6
    scale = np.divide(1, deviation, out=np.zeros_like(deviation), where=varies)
    held = np.array([feature.name in HELD for feature in features] + [False] * len(beyond))
    least, most = (
        np.where(held, bound.filled(0), far)
        for bound, far in ((known.min(axis=0), -np.inf), (known.max(axis=0), np.inf))
    )
    mean, scale, least, most = (column.astype(np.float32) for column in (mean, scale, least, most))
    return InputScaling(mean, scale, missing, least, most)


def refuse_unusable(fit: DemandFit) -> None:
    """Raises DemandFitRefused unless there are rows, and all numbers in them are finite."""
    if not len(fit.target):
        raise DemandFitRefused("there are no rows to learn from")
    for name, column in (("features", fit.values), ("levels", fit.level), ("targets", fit.target)):
        if wrong := int((~np.isfinite(column)).sum()):
            raise DemandFitRefused(f"{wrong:,} of the {name} are no finite numbers")
    for name, column in (("levels", fit.level), ("targets", fit.target)):
        if (column < 0).any():
            raise DemandFitRefused(f"{int((column < 0).sum()):,} of the {name} are under 0")


def constant_members(outputs: Floats) -> list[int]:
    """Of outputs [members, rows, heads] those members of which a head adds the same to all rows."""
    return np.flatnonzero((np.ptp(outputs, axis=1) < CONSTANT_RANGE).any(axis=1)).tolist()
