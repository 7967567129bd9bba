"""Seasons are learned only from moments that have seen them."""

import numpy as np
import pytest

from ordercast.services.shared.demand.feature_list import CALENDAR, PAIR_FEATURES, PRODUCT_FEATURES, names
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.demand_networks.seasons import learnable

WEEKDAY, YEAR = {"weekday_sin", "weekday_cos"}, {"year_sin", "year_cos"}


def rows(moments: list[int]) -> Rows:
    nothing = np.zeros(len(moments), np.int64)
    values = np.arange(len(moments) * len(PAIR_FEATURES), dtype=np.float64).reshape(len(moments), len(PAIR_FEATURES))
    return Rows(PAIR_FEATURES, values, np.array(moments, np.int64), nothing, nothing, nothing, nothing)


@pytest.mark.parametrize(
    ("moments", "unseen"),
    [
        ([], WEEKDAY | YEAR),
        ([0, 30, 61], WEEKDAY | YEAR),
        (list(range(28)), YEAR),
        (list(range(0, 366, 5)), set()),
        ([0, 365], WEEKDAY),
    ],
)
def test_calendar_features_need_moments_enough(moments: list[int], unseen: set[str]) -> None:
    kept = set(names(learnable(rows(moments))))
    assert set(names(CALENDAR)) - kept == unseen
    assert set(names(PAIR_FEATURES)) - set(names(CALENDAR)) <= kept


def test_the_level_by_visits_is_left_out_where_it_is_the_level_itself_in_every_row() -> None:
    count = 40
    nothing = np.zeros(count, np.int64)
    values = np.random.default_rng(1).uniform(0, 3, (count, len(PRODUCT_FEATURES)))
    made = Rows(PRODUCT_FEATURES, values, nothing, nothing, nothing, nothing, nothing)
    assert "visit_level" in names(learnable(made))
    made.column("visit_level")[:] = made.column("level")
    assert set(names(learnable(made))) == set(names(PRODUCT_FEATURES)) - {"visit_level"} - WEEKDAY - YEAR


def test_rows_keep_the_columns_of_the_features_that_are_left() -> None:
    some = rows([0, 1])
    chosen = (PAIR_FEATURES[5], PAIR_FEATURES[2])
    assert some.only(chosen).features == chosen
    np.testing.assert_array_equal(some.only(chosen).column(chosen[0].name), some.column(chosen[0].name))
    np.testing.assert_array_equal(some.only(chosen).values, some.values[:, [5, 2]])
