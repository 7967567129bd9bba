"""Trees that were taken out of scikit-learn answer as they do there."""

from collections.abc import Iterator

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor
from threadpoolctl import threadpool_limits

from ordercast.contracts.boosted_forward import BoostedTrees
from ordercast.services.shared.demand.feature_list import PRODUCT_FEATURES
from ordercast.services.trainer.judging.boosted_level import arrays_of, binned, edges_of, grown
from ordercast.services.trainer.judging.learned import inputs
from tests.unit.services.trainer.judging.test_opponents import planted, rows

QUICK = {"max_iter": 15, "learning_rate": 0.3, "min_samples_leaf": 5}


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    with threadpool_limits(1):
        yield


@pytest.mark.parametrize("leaves", [2, 15, 31, 60])
def test_the_sum_is_that_of_scikit_learn_with_unknown_values_and_bounds_of_direction(leaves: int) -> None:
    random = np.random.default_rng(leaves)
    values = random.normal(size=(1_500, 4))
    values[:, 1] = np.round(values[:, 1])
    values[random.random(values.shape) < 0.1] = np.nan
    target = random.poisson(np.exp(np.nan_to_num(values[:, 0]) + 0.5 * np.nan_to_num(values[:, 1])))
    model = HistGradientBoostingRegressor(
        loss="poisson", max_iter=30, max_leaf_nodes=leaves, monotonic_cst=[1, -1, 0, 0], early_stopping=False
    ).fit(values, target)
    asked = random.normal(size=(2_000, 4)) * 2
    asked[random.random(asked.shape) < 0.1] = np.nan
    said = np.exp(BoostedTrees(arrays_of(model), 4).raw(asked))
    assert said == pytest.approx(model.predict(asked), rel=1e-12)


def test_on_binned_inputs_the_thresholds_are_the_edges() -> None:
    random = np.random.default_rng(5)
    values = np.column_stack([random.exponential(size=3_000), random.integers(0, 4, 3_000), np.zeros(3_000)])
    edges = edges_of(values)
    model = HistGradientBoostingRegressor(loss="poisson", max_iter=30, early_stopping=False)
    model.fit(binned(edges, values), random.poisson(values[:, 0] + values[:, 1]) + 0.01)
    asked = np.concatenate([values[:500], np.column_stack([edges[0], edges[0], edges[0]]), values[:500] * 3 - 1])
    said = np.exp(BoostedTrees(arrays_of(model, edges), 3).raw(asked))
    assert said == pytest.approx(model.predict(binned(edges, asked)), rel=1e-12)


def test_categories_are_refused() -> None:
    random = np.random.default_rng(6)
    values = random.integers(0, 5, (500, 1)).astype(np.float64)
    model = HistGradientBoostingRegressor(max_iter=3, categorical_features=[0]).fit(values, values[:, 0] % 2)
    with pytest.raises(ValueError, match="categories"):
        arrays_of(model)


def test_it_answers_pieces_and_learns_from_nothing_ordered_that_nothing_will_be() -> None:
    known, asked = planted(PRODUCT_FEATURES), planted(PRODUCT_FEATURES, 200, seed=3)
    said = grown(known, 30.0, "level", QUICK)(asked)
    many = asked.values[:, 0] > 0.5
    assert said[many].mean() > 10 * said[~many].mean()
    nothing = grown(rows(PRODUCT_FEATURES, np.zeros(100)), 1.0, "level", QUICK)(asked)
    assert (nothing < 0.01).all()


def test_the_same_rows_grow_the_same_trees() -> None:
    known = planted(PRODUCT_FEATURES)
    first, second = (grown(known, 30.0, "level", QUICK) for _ in range(2))
    assert all(np.array_equal(first.arrays[name], second.arrays[name]) for name in first.arrays)
    assert BoostedTrees(first.arrays, inputs(known).shape[1]).trees == QUICK["max_iter"]
