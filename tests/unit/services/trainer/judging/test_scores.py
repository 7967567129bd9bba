"""Scores against numbers reckoned by hand, and what one row may do."""

import numpy as np
import pytest

from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, PRODUCT_FEATURES, names
from ordercast.services.shared.demand.rows import Rows
from ordercast.services.trainer.judging.scores import (
    clip_at,
    clip_of,
    clipped,
    influential_rows,
    order_scores,
    piece_scores,
    row_clips,
    row_deviance,
)

TARGET = np.array([0, 1, 4, 10])
ANSWER = np.array([1.0, 1.0, 2.0, 16.0])


def test_deviance_by_hand() -> None:
    expected = [2.0, 0.0, 2 * (4 * np.log(2) - 2), 2 * (10 * np.log(10 / 16) + 6)]
    assert row_deviance(ANSWER, TARGET) == pytest.approx(expected)


def test_of_clipped_targets_the_deviance_alone_is_clipped() -> None:
    scores = piece_scores(ANSWER, TARGET, clip=4)
    assert scores.deviance == pytest.approx(row_deviance(ANSWER, np.array([0, 1, 4, 4])).mean())
    assert scores.deviance_unclipped == pytest.approx(row_deviance(ANSWER, TARGET).mean())
    assert (scores.mae, scores.wape, scores.bias) == pytest.approx((9 / 4, 9 / 15, 20 / 15 - 1))


def test_an_answer_of_nothing_against_an_order_is_bad_but_finite() -> None:
    assert 100 < row_deviance(np.zeros(1), np.array([10]))[0] < 1000


def test_the_clip_is_a_quantile_of_what_was_ordered() -> None:
    assert clip_at(np.array([0] * 900 + [5] * 100), 0.99) == 5
    assert clip_at(np.zeros(3, np.int64)) == 1.0


def rows_of(targets: list[int], weeks: int) -> Rows:
    """Each target is asked for from so many weeks before."""
    target = np.repeat(targets, weeks)
    none = np.zeros(len(target), np.int64)
    return Rows((), np.zeros((len(target), 0)), none, none, none, np.tile(np.arange(weeks) + 1, len(targets)), target)


def test_some_huge_orders_of_a_small_shop_do_not_decide_where_targets_are_clipped() -> None:
    usual = list(range(1, 21)) * 40
    assert clip_of(rows_of(usual, 1)) == 20
    assert clip_of(rows_of([*usual, 30_000], 8)) == 20
    assert clip_of(rows_of([*usual, 30_000, 50_000, 70_000], 8)) == 200


def test_the_probability_of_an_order() -> None:
    scores = order_scores(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, False, True, True]))
    assert (scores.auc, scores.average_precision) == pytest.approx((0.75, 0.8333333))
    assert scores.brier == pytest.approx((0.01 + 0.16 + 0.4225 + 0.04) / 4)
    assert np.isnan(order_scores(np.ones(2), np.array([True, True])).auc)


def test_the_row_of_greatest_influence_comes_first() -> None:
    rows = influential_rows(np.full(1000, 5.0), np.append(np.full(999, 6), 80_995))
    assert (rows[0].row, rows[0].target) == (999, 80_995)
    assert rows[0].share > 0.99


def test_what_a_row_usually_has_is_clipped_at_twice_that_if_it_is_more_than_the_clip_of_all() -> None:
    level = np.log1p([0.0, 30.0, 60.0, 5_000.0])
    none = np.zeros(4, np.int64)
    rows = Rows((PRODUCT_FEATURES[0],), level[:, None], none, none, none, none, np.array([90, 90, 1_000_000, 7_000]))
    assert PRODUCT_FEATURES[0].name == "level"
    assert row_clips(rows, 80.0, "level").tolist() == [80, 80, 120, 10_000]
    assert clipped(rows, 80.0, "level").target.tolist() == [80, 80, 120, 7_000]
    assert clipped(clipped(rows, 80.0, "level"), 80.0, "level").target.tolist() == [80, 80, 120, 7_000]


def test_a_pair_that_orders_often_is_clipped_at_twice_what_it_had_in_as_many_days_as_its_target_is_of() -> None:
    """5,000 pieces each fourth day are 35,000 in 28 days; they were clipped at twice those of one line."""
    values, none = np.zeros((3, len(PAIR_FEATURES))), np.zeros(3, np.int64)
    columns = {
        "pair_level": np.log1p([5_000.0, 5_000.0, 3.0]),
        "pair_pieces": np.log1p([500_000.0, 5_000.0, 9.0]),
        "pair_days_since_first": np.log1p([400.0, 400.0, 400.0]),
    }
    for name, column in columns.items():
        values[:, names(PAIR_FEATURES).index(name)] = column
    rows = Rows(PAIR_FEATURES, values, none, none, none, none, np.array([35_000, 35_000, 35_000]))
    assert row_clips(rows, 80.0, "pair_level", 28).tolist() == pytest.approx([70_000, 10_000, 80], abs=1)
    assert clipped(rows, 80.0, "pair_level", 28).target.tolist() == [35_000, 10_000, 80]
    assert clipped(rows, 80.0, "pair_level").target.tolist() == [10_000, 10_000, 80]  # lines
