"""Opponents find what was planted, and answer whatever there is."""

from collections.abc import Iterator, Mapping
from dataclasses import replace

import numpy as np
import pytest
from threadpoolctl import threadpool_limits

from ordercast.services.shared.demand.activity import Floats, Ints
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, PRODUCT_FEATURES, Feature, names
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.judging import learned
from ordercast.services.trainer.judging.opponents import (
    LINE_OPPONENTS,
    PRODUCT_OPPONENTS,
    Opponent,
    order_opponents,
    pair_opponents,
)
from ordercast.services.trainer.judging.scores import row_deviance


@pytest.fixture(autouse=True)
def _few_trees(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Enough for planted rows; one thread, because on a busy machine two wait for each other at each leaf."""
    quick = {"max_iter": 15, "learning_rate": 0.3, "min_samples_leaf": 5}
    monkeypatch.setattr(learned, "CANDIDATES", (quick, {**quick, "max_leaf_nodes": 3}))
    with threadpool_limits(1):
        yield


ORDERS, PAIRS = order_opponents(28), pair_opponents(28)


def rows(
    features: tuple[Feature, ...], target: Floats | Ints, seed: int = 0, columns: Mapping[str, Floats] | None = None
) -> Rows:
    count = len(target)
    values = np.random.default_rng(seed).uniform(0, 1, (count, len(features)))
    for name, column in (columns or {}).items():
        values[:, names(features).index(name)] = column
    place = np.arange(count)
    return Rows(features, values, place % 10, place % 50, place % 40, place % 4 + 1, target.astype(np.int64))


def planted(features: tuple[Feature, ...], count: int = 600, seed: int = 0) -> Rows:
    """Pieces that follow the first feature: none where it is under a half, else about 20."""
    made = rows(features, np.zeros(count), seed)
    expected = np.where(made.values[:, 0] > 0.5, 20, 0.2)
    return rows(features, np.random.default_rng(seed + 9).poisson(expected), seed)


@pytest.mark.parametrize("opponent", [*LINE_OPPONENTS, *PAIRS, *ORDERS], ids=lambda opponent: opponent.name)
def test_those_of_pairs_answer_whatever_is_learned_from(opponent: Opponent) -> None:
    asked = planted(PAIR_FEATURES, 30, seed=4)
    for known in (planted(PAIR_FEATURES, 40), rows(PAIR_FEATURES, np.ones(40)), rows(PAIR_FEATURES, np.arange(40.0))):
        answer = opponent.fit(known, 30.0)(asked)
        assert answer.shape == (30,)
        assert np.isfinite(answer).all()
        assert (answer >= 0).all()


@pytest.mark.parametrize("opponent", PRODUCT_OPPONENTS, ids=lambda opponent: opponent.name)
def test_those_of_products_answer_whatever_is_learned_from(opponent: Opponent) -> None:
    answer = opponent.fit(planted(PRODUCT_FEATURES, 40), 30.0)(planted(PRODUCT_FEATURES, 30, seed=4))
    assert answer.shape == (30,)
    assert np.isfinite(answer).all()


def test_boosting_finds_what_was_planted_and_the_mean_does_not() -> None:
    known, asked = planted(PAIR_FEATURES), planted(PAIR_FEATURES, seed=4)
    losses = {opponent.name: row_deviance(opponent.fit(known, 60.0)(asked), asked.target).mean() for opponent in PAIRS}
    assert losses["gradient boosting in two parts"] < 0.3 * losses["mean"]


def test_boosting_of_lines_begins_at_their_level() -> None:
    """From the mean of all on, it was a weak opponent."""
    random = np.random.default_rng(7)

    def lines(count: int) -> Rows:
        level = np.exp(random.uniform(0, 6, count))
        return rows(PAIR_FEATURES, random.poisson(level), int(level[0]), {"pair_level": np.log1p(level)})

    known, asked = lines(600), lines(300)
    of_lines = {opponent.name: opponent.fit(known, 400.0)(asked) for opponent in LINE_OPPONENTS}
    losses = {name: row_deviance(answer, np.minimum(asked.target, 400)).mean() for name, answer in of_lines.items()}
    best = min(loss for name, loss in losses.items() if "boosting" in name)
    assert best == losses["gradient boosting, level as offset"] < 0.8 * losses["gradient boosting, Poisson"]


@pytest.mark.parametrize(
    ("features", "opponent"),
    [
        *((PAIR_FEATURES, opponent) for opponent in (*LINE_OPPONENTS, *PAIRS, *ORDERS)),
        *((PRODUCT_FEATURES, opponent) for opponent in PRODUCT_OPPONENTS),
    ],
    ids=lambda value: value.name if isinstance(value, Opponent) else "",
)
def test_a_huge_target_moves_no_opponent_by_more_than_its_clipped_size(
    features: tuple[Feature, ...], opponent: Opponent
) -> None:
    """One order of a million pieces made the mean and the product means 38 to 360 times worse, and any model better than these."""
    known, asked = planted(features), planted(features, 200, seed=4)
    huge, clipped = known.target.copy(), known.target.copy()
    huge[7], clipped[7] = 1_000_000, 60
    with_huge, with_clipped = (opponent.fit(replace(known, target=target), 60.0)(asked) for target in (huge, clipped))
    np.testing.assert_array_equal(with_huge, with_clipped)


def test_a_product_without_a_line_has_the_mean_of_all() -> None:
    known = rows(PAIR_FEATURES, np.full(40, 6.0))
    asked = rows(PAIR_FEATURES, np.zeros(2))
    asked.product_id[:] = 999
    assert LINE_OPPONENTS[1].fit(known, 30.0)(asked) == pytest.approx([6, 6])


def test_a_rate_counts_no_pair_younger_than_eight_weeks() -> None:
    logs = {"pair_pieces": np.log1p(np.array([56.0, 56.0])), "pair_days_since_first": np.log1p(np.array([3.0, 112.0]))}
    asked = rows(PAIR_FEATURES, np.zeros(2), columns=logs)
    assert PAIRS[2].fit(asked, 1.0)(asked) == pytest.approx([28, 14])
