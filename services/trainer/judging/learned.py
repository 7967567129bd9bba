"""Classical learners on the same features as the networks: Poisson regression and tuned gradient boosting."""

from collections.abc import Callable, Mapping
from typing import Final, Literal, TypeVar

import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import PoissonRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from ordercast.services.shared.demand.activity import Bools, Floats
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.judging.scores import row_deviance

Answer = Callable[[Rows], Floats]
Settings = Mapping[str, float]
AnswerT = TypeVar("AnswerT", bound=Answer)

# What is tried, the first where nothing can be tried: coarse, fine, fine with larger leaves, and coarse by three features in ten at
# each split. More iterations overfit on a year of a shop, and so do all features on its order lines: of the others the one that
# looked best came to 12.5 on the real file's, where this one comes to 8.6.
CANDIDATES: Final[tuple[Settings, ...]] = (
    {"learning_rate": 0.05, "max_iter": 150, "max_leaf_nodes": 15, "min_samples_leaf": 60, "l2_regularization": 1},
    {"learning_rate": 0.05, "max_iter": 300, "max_leaf_nodes": 31, "min_samples_leaf": 40, "l2_regularization": 1},
    {"learning_rate": 0.05, "max_iter": 150, "max_leaf_nodes": 31, "min_samples_leaf": 200, "l2_regularization": 10},
    {
        "learning_rate": 0.05,
        "max_iter": 150,
        "max_leaf_nodes": 15,
        "min_samples_leaf": 60,
        "l2_regularization": 1,
        "max_features": 0.3,
    },
)
# Rows that settings are chosen on; the last fifth of them, by moment, decides.
TUNED_ROWS: Final = 60_000
# Standardised inputs are held to this.
MOST_DEVIATIONS: Final = 6.0


def inputs(rows: Rows) -> Floats:
    """Features, and how many weeks ahead."""
    return np.column_stack([rows.values, rows.weeks_ahead])


def poisson_regression(rows: Rows, clip: float) -> Answer:
    """Linear in the standardised features, on clipped targets."""
    held = FunctionTransformer(np.clip, kw_args={"a_min": -MOST_DEVIATIONS, "a_max": MOST_DEVIATIONS})
    model = make_pipeline(StandardScaler(), held, PoissonRegressor(alpha=1e-3, solver="newton-cholesky"))
    model.fit(inputs(rows), np.minimum(rows.target, clip))
    return lambda asked: np.asarray(model.predict(inputs(asked)), np.float64)


def boosted_pieces(rows: Rows, clip: float, loss: Literal["poisson", "absolute_error"] = "poisson") -> Answer:
    """Tuned boosting of clipped targets."""

    def fit(learned: Rows, settings: Settings) -> Answer:
        target = np.minimum(learned.target, clip)
        if not target.any():
            return lambda asked: np.zeros(len(asked))
        model = HistGradientBoostingRegressor(loss=loss, early_stopping=False, random_state=0, **settings)
        model.fit(inputs(learned), target)
        return lambda asked: np.maximum(model.predict(inputs(asked)), 0.0)

    def lost(answer: Answer, watched: Rows) -> float:
        target, said = np.minimum(watched.target, clip), answer(watched)
        by_row = np.abs(said - target) if loss == "absolute_error" else row_deviance(said, target)
        return float(by_row.mean())

    return fit(rows, tuned(rows, fit, lost))


def boosted_probability(rows: Rows) -> Answer:
    """Tuned boosting of whether anything is ordered."""

    def fit(learned: Rows, settings: Settings) -> Answer:
        ordered = learned.target > 0
        if ordered.all() or not ordered.any():
            return lambda asked: np.full(len(asked), float(ordered.mean()))
        model = HistGradientBoostingClassifier(early_stopping=False, random_state=0, **settings)
        model.fit(inputs(learned), ordered)
        return lambda asked: np.asarray(model.predict_proba(inputs(asked))[:, 1], np.float64)

    def lost(answer: Answer, watched: Rows) -> float:
        said = np.clip(answer(watched), 1e-6, 1 - 1e-6)
        return float(-np.where(watched.target > 0, np.log(said), np.log(1 - said)).mean())

    return fit(rows, tuned(rows, fit, lost))


def boosted_in_two_parts(rows: Rows, clip: float) -> Answer:
    """P(order) times the pieces if something is ordered."""
    probability, pieces = boosted_probability(rows), boosted_pieces(rows.where(rows.target > 0), clip)
    return lambda asked: probability(asked) * pieces(asked)


def tuned(rows: Rows, fit: Callable[[Rows, Settings], AnswerT], lost: Callable[[AnswerT, Rows], float]) -> Settings:
    """The settings that lose least on the last moments of a sample, fitted on those before."""
    random = np.random.default_rng(0)
    sample = np.zeros(len(rows), np.bool_)
    sample[random.permutation(len(rows))[:TUNED_ROWS]] = True
    tried = rows.where(sample)
    late: Bools = tried.moment >= np.quantile(tried.moment, 0.8) if len(tried) else np.zeros(0, np.bool_)
    if late.all():  # one moment: nothing is later
        return CANDIDATES[0]
    learned, watched = tried.where(~late), tried.where(late)
    return min(CANDIDATES, key=lambda settings: lost(fit(learned, settings), watched))
