"""Gradient boosting that corrects a level, as trees that answer without scikit-learn: an opponent, and a member of `demand`."""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from ordercast.contracts import boosted_forward as names
from ordercast.contracts.boosted_forward import BoostedTrees
from ordercast.services.shared.demand.activity import Floats
from ordercast.services.shared.demand.boosted_member import ADDED_LEVEL, boosted_mean
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.judging.learned import Settings, inputs, tuned
from ordercast.services.trainer.judging.scores import row_deviance

Arrays = dict[str, NDArray[Any]]

# Of each input.
BINS: Final = 128
# Of pieces to the level where nothing at all was ordered.
LEAST_QUOTIENT: Final = 1e-4


@dataclass(frozen=True, slots=True)
class BoostedLevel:
    """`arrays` are the trees, `settings` those that they were grown by, `rows` those that they were grown on."""

    level: str
    settings: Settings
    rows: int
    arrays: Arrays
    trees: BoostedTrees

    def __call__(self, asked: Rows) -> Floats:
        """Expected pieces by row."""
        return boosted_mean(self.trees, inputs(asked), np.expm1(asked.column(self.level)))


def boosted_level(rows: Rows, clip: float, level: str) -> BoostedLevel:
    """Tuned boosting of the quotient of clipped targets to a feature's pieces, weighted by these."""

    def lost(answer: BoostedLevel, watched: Rows) -> float:
        return float(row_deviance(answer(watched), np.minimum(watched.target, clip)).mean())

    settings = tuned(rows, lambda learned, tried: grown(learned, clip, level, tried), lost)
    return grown(rows, clip, level, settings)


def grown(rows: Rows, clip: float, level: str, settings: Settings) -> BoostedLevel:
    """The same by settings that are chosen already.

    In one thread: 400,000 rows take 9 s, and on a busy machine threads that wait for each other at each leaf take minutes.
    """
    values, target = inputs(rows), np.minimum(rows.target, clip)
    offset = np.expm1(rows.column(level)) + ADDED_LEVEL
    edges = edges_of(values)
    model = HistGradientBoostingRegressor(loss="poisson", early_stopping=False, random_state=0, **settings)
    # A loss by logarithms needs something to be ordered.
    quotient = target / offset if target.any() else np.full(len(target), LEAST_QUOTIENT)
    places = binned(edges, values)
    del values  # of 400,000 rows they are 100 MB
    with threadpool_limits(1):
        model.fit(places, quotient, sample_weight=offset)
    arrays = arrays_of(model, edges)
    return BoostedLevel(level, settings, len(rows), arrays, BoostedTrees(arrays, len(edges)))


def arrays_of(model: HistGradientBoostingRegressor, edges: list[Floats] | None = None) -> Arrays:
    """The trees of a model of scikit-learn with one output, as `boosted_forward` has them.

    With `edges` the model was fitted on places among these by input, and its thresholds become edges.
    """
    trees = [of_step[0].nodes for of_step in model._predictors]
    nodes, sizes = np.concatenate(trees), [len(tree) for tree in trees]
    if nodes["is_categorical"].any():
        raise ValueError("a tree tests for categories, which are not written")
    root = np.cumsum([0, *sizes[:-1]])
    before, leaf = np.repeat(root, sizes), nodes["is_leaf"] > 0
    threshold = np.where(leaf, 0.0, nodes["num_threshold"])
    if edges is not None:
        places = zip(nodes["feature_idx"].tolist(), np.floor(threshold).astype(np.int64).tolist(), leaf, strict=True)
        threshold = np.array([0.0 if ends else edges[feature][place] for feature, place, ends in places])
    return {
        names.FEATURE: np.where(leaf, 0, nodes["feature_idx"]).astype(np.int32),
        names.THRESHOLD: threshold,
        names.MISSING_LEFT: nodes["missing_go_to_left"].astype(np.uint8),
        names.LEFT: np.where(leaf, -1, nodes["left"] + before).astype(np.int32),
        names.RIGHT: np.where(leaf, -1, nodes["right"] + before).astype(np.int32),
        names.VALUE: nodes["value"].astype(np.float64),
        names.ROOT: root.astype(np.int32),
        names.BASELINE: np.ravel(model._baseline_prediction).astype(np.float64),
    }


def edges_of(values: Floats) -> list[Floats]:
    """Edges by input. Without them boosting looks for weighted quantiles of its own, one after the other: minutes."""
    return [np.unique(np.quantile(column, np.linspace(0, 1, BINS + 1)[1:-1])) for column in values.T]


def binned(edges: list[Floats], values: Floats) -> Floats:
    """How many edges each value is above: in the form that boosting takes, so that it makes no copy."""
    places = np.empty(values.shape)
    for column, of_input in enumerate(edges):
        places[:, column] = np.searchsorted(of_input, values[:, column])
    return places
