"""Seasons are learned only from moments that have seen them."""

import numpy as np
import pytest

from ordercast.services.shared.demand.feature_list import CALENDAR, PAIR_FEATURES, PRODUCT_FEATURES, names
from ordercast.services.shared.demand.rows import Rows, product_rows
from ordercast.services.trainer.demand_networks.seasons import learnable
from tests.unit.services.shared.demand.histories import START, activity, epoch, frame

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
    assert set(names(PAIR_FEATURES)) - set(names(CALENDAR)) - {"shop_rests"} == kept - set(names(CALENDAR))


@pytest.mark.parametrize("views", [0, 3])
def test_the_level_by_visits_is_left_out_where_there_are_none(views: int) -> None:
    lines = [(1, product, day, 0, product, 1, 0, views, 0) for product in (1, 2, 3) for day in range(0, 200, product)]
    start = epoch(START)
    made = product_rows(activity(frame(lines)), range(start + 60, start + 190, 7), 1, start + 200)
    left_out = set(names(PRODUCT_FEATURES)) - set(names(learnable(made))) - WEEKDAY - YEAR
    assert left_out == (set() if views else {"visit_level"})


def test_rows_keep_the_columns_of_the_features_that_are_left() -> None:
    some = rows([0, 1])
    chosen = (PAIR_FEATURES[5], PAIR_FEATURES[2])
    assert some.only(chosen).features == chosen
    np.testing.assert_array_equal(some.only(chosen).column(chosen[0].name), some.column(chosen[0].name))
    np.testing.assert_array_equal(some.only(chosen).values, some.values[:, [5, 2]])
