"""Whether products by week get a boosted member, and with which weight: by rows that nothing is judged on."""

from typing import Any

import numpy as np
import pytest

from ordercast.services.shared.demand.feature_list import PRODUCT_FEATURES
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.training import blend_products
from ordercast.services.trainer.training.blend_products import (
    STEADY,
    USUAL_STEADY_WEIGHT,
    blended,
    chosen_weight,
    first_weeks,
    holds_back,
)
from tests.unit.services.trainer.judging.test_opponents import planted, rows

COUNT = 3_000
GROUP = np.arange(COUNT) % 300


def errors(seed: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    return np.random.default_rng(seed).normal(0, 0.4, COUNT)


def weight_of(networks: float, trees: float, shared: bool = False) -> float:
    """Chosen for answers with errors of these sizes, in logs, each its own or both the same."""
    true = np.exp(np.random.default_rng(1).normal(2, 1, COUNT))
    target = np.random.default_rng(2).poisson(true)
    said = true * np.exp(networks * errors(3)), true * np.exp(trees * errors(3 if shared else 4))
    return chosen_weight(said[0], said[1], target, 1e9, GROUP)


def test_of_two_that_err_in_their_own_ways_it_takes_half_of_each_and_more_of_one_that_is_clearly_better() -> None:
    assert weight_of(1, 1) == 0.5
    assert weight_of(1, 1.1) == 0.5
    assert 0 < weight_of(1, 2) < 0.5 < weight_of(2, 1) < 1


def test_trees_that_only_do_harm_get_no_weight_and_alike_ones_half_of_it() -> None:
    assert weight_of(0, 2) == 0
    assert weight_of(1, 1, shared=True) == 0.5


@pytest.mark.parametrize(("corrected", "level", "weight"), [(1, 1, USUAL_STEADY_WEIGHT), (0, 2, 0), (2, 0, 1)])
def test_the_level_holds_back_what_corrects_it_unless_that_is_clearly_worse(
    corrected: float, level: float, weight: float
) -> None:
    true = np.exp(np.random.default_rng(1).normal(2, 1, COUNT))
    target = np.random.default_rng(2).poisson(true)
    said = true * np.exp(corrected * errors(3)), true * np.exp(level * errors(3))
    assert chosen_weight(*said, target, 1e9, GROUP, USUAL_STEADY_WEIGHT) == weight


@pytest.mark.parametrize("by", ["level", STEADY])
def test_the_blend_of_networks_and_trees_is_weighed_against_what_holds_both_back(
    by: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weighed = []

    def chosen(*asked: Any) -> float:
        weighed.append(asked)
        return 0.2 if len(weighed) == 2 else 0.4

    monkeypatch.setattr(blend_products, "chosen_weight", chosen)
    monkeypatch.setattr(blend_products, "SETTINGS", {"max_iter": 3})
    held = planted(PRODUCT_FEATURES, 900, seed=2)
    monkeypatch.setattr(blend_products, "holds_back", lambda *_: by)
    made = blended(
        planted(PRODUCT_FEATURES), held, 30.0, "level", lambda asked: np.ones(len(asked)), lambda asked: asked
    )
    assert made is not None
    assert made.member is not None
    assert (made.record.holds_back, PRODUCT_FEATURES[made.member.holds_back].name) == (by, by)
    assert (
        (made.member.weight, made.member.level_weight) == (made.record.weight, made.record.level_weight) == (0.4, 0.2)
    )
    (networks, trees, *_), (corrected, held_by, *_, usual) = weighed
    assert np.array_equal(corrected, 0.6 * networks + 0.4 * trees)
    assert np.array_equal(held_by, np.expm1(held.where(first_weeks(held)).column(by)))
    assert usual == USUAL_STEADY_WEIGHT


def steady(weekly: float) -> Rows:
    """Products of some level each, which moves from week to week by so much."""
    random = np.random.default_rng(1)
    weeks, products = 40, 60
    level = np.exp(random.normal(3, 1, products) + np.cumsum(random.normal(0, weekly, (weeks, products)), axis=0))
    pieces = random.poisson(level)
    smoothed, mean = pieces.astype(np.float64), np.cumsum(pieces, axis=0) / np.arange(1, weeks + 1)[:, None]
    for week in range(1, weeks):
        smoothed[week] = 0.3 * pieces[week] + 0.7 * smoothed[week - 1]
    made = rows(PRODUCT_FEATURES, pieces[9:].ravel())
    made.column("level")[:], made.column("mean_all")[:] = (np.log1p(said[8:-1]).ravel() for said in (smoothed, mean))
    return made


@pytest.mark.parametrize(("weekly", "by"), [(0.0, "mean_all"), (0.5, "level")])
def test_where_products_stand_still_their_mean_to_date_holds_back(weekly: float, by: str) -> None:
    assert holds_back(steady(weekly), 1e9, "level") == by


def test_a_recipe_without_the_mean_to_date_is_held_back_by_the_level() -> None:
    others = tuple(feature for feature in PRODUCT_FEATURES if feature.name != STEADY)
    assert holds_back(steady(0.0).only(others), 1e9, "level") == "level"


def test_the_weight_is_chosen_in_the_first_half_of_the_held_out_weeks() -> None:
    held = planted(PRODUCT_FEATURES, 400)
    start = int(held.moment.min())
    ends = held.moment + 7 * held.weeks_ahead
    assert np.array_equal(first_weeks(held), ends <= start + 28)


@pytest.mark.parametrize("weight", [0.0, 0.4])
def test_rows_that_the_weight_was_chosen_on_judge_nothing(weight: float, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(blend_products, "chosen_weight", lambda *_: weight)
    monkeypatch.setattr(blend_products, "SETTINGS", {"max_iter": 3})
    held = planted(PRODUCT_FEATURES, 900, seed=2)
    made = blended(
        planted(PRODUCT_FEATURES), held, 30.0, "level", lambda asked: np.ones(len(asked)), lambda asked: asked
    )
    assert made is not None
    assert (made.record.weight, made.record.trees) == (weight, 3)
    if weight:
        assert made.member is not None
        assert not (made.judged & first_weeks(held)).any()
        assert made.judged.sum() + made.record.chosen_on == len(held)
    else:
        assert (made.member, made.arrays) == (None, {})
        assert made.judged.all()


def test_where_trees_only_do_harm_the_level_holds_the_networks_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        blend_products, "chosen_weight", lambda *asked: 0.7 if len(asked) == 6 else 0.0
    )  # with its usual weight
    monkeypatch.setattr(blend_products, "SETTINGS", {"max_iter": 3})
    held = planted(PRODUCT_FEATURES, 900, seed=2)
    made = blended(
        planted(PRODUCT_FEATURES), held, 30.0, "level", lambda asked: np.ones(len(asked)), lambda asked: asked
    )
    assert made is not None
    assert made.member is not None
    assert (made.record.weight, made.record.level_weight, made.member.level_weight) == (0, 0.7, 0.7)


def test_without_enough_rows_in_each_half_there_is_none() -> None:
    made = blended(
        planted(PRODUCT_FEATURES), rows(PRODUCT_FEATURES, np.ones(120)), 1.0, "level", lambda _: np.ones(1), lambda _: _
    )
    assert made is None
