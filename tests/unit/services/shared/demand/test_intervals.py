"""Whole pieces, in order, never empty, and holding what their level says."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ordercast.contracts.demand_forward import DemandAnswer
from ordercast.services.shared.demand.conformal import UNBOUNDED, Floats, Ints, calibrate, most_pieces, thresholds
from ordercast.services.shared.demand.interval_groups import line_groups, pair_groups, product_groups
from ordercast.services.shared.demand.intervals import (
    Said,
    interval_scores,
    most_by_mean,
    of_several_weeks,
    upper_scores,
)
from ordercast.services.shared.demand.intervals import intervals as bounded_intervals
from ordercast.services.shared.demand.intervals import stock as bounded_stock
from ordercast.services.shared.demand.spread import said_of_pairs

LOGS = st.floats(-2, 16)
NO_BOUND = np.array([UNBOUNDED])


def intervals(said: Said, wide: Floats) -> tuple[Ints, Ints]:
    """Without a bound by what was seen."""
    return bounded_intervals(said, wide, NO_BOUND)


def stock(said: Said, wide: Floats) -> Ints:
    return bounded_stock(said, wide, NO_BOUND)


@st.composite
def said_and_pieces(draw: st.DrawFn) -> tuple[Said, Ints]:
    """Quantiles in any order, also crossing and equal."""
    rows = draw(st.integers(1, 20))
    columns = [draw(st.lists(LOGS, min_size=rows, max_size=rows)) for _ in range(3)]
    mean = draw(st.lists(st.floats(0, 1e7), min_size=rows, max_size=rows))
    pieces = draw(st.lists(st.integers(0, 2_000_000), min_size=rows, max_size=rows))
    return Said(*(np.array(column) for column in (mean, *columns))), np.array(pieces, np.int64)


@settings(max_examples=40)
@given(said_and_pieces())
def test_the_threshold_of_its_own_score_holds_the_pieces_and_no_smaller_one_does(rows: tuple[Said, Ints]) -> None:
    said, pieces = rows
    scores = interval_scores(said, pieces)
    low, high = intervals(said, scores)
    assert ((low <= pieces) & (pieces <= high)).all()
    low, high = intervals(said, scores * (1 - 1e-5) - 1e-5)
    assert ((scores == 0) | (pieces < low) | (high < pieces)).all()


@settings(max_examples=40)
@given(said_and_pieces())
def test_the_stock_of_its_own_score_is_enough_and_no_smaller_one_is(rows: tuple[Said, Ints]) -> None:
    said, pieces = rows
    scores = upper_scores(said, pieces)
    assert (stock(said, scores) >= pieces).all()
    less = stock(said, scores - 1e-5 * (1 + np.abs(np.where(pieces > 0, scores, 0))))
    assert (np.isneginf(scores) | (less < pieces)).all()


@settings(max_examples=40)
@given(said_and_pieces(), st.floats(-10, 1000), st.floats(0, 1000))
def test_ends_are_in_order_around_mean_and_median_and_only_move_outward(
    rows: tuple[Said, Ints], threshold: float, more: float
) -> None:
    said, _ = rows
    low, high = intervals(said, np.full(len(said.mean), threshold))
    wider_low, wider_high = intervals(said, np.full(len(said.mean), threshold + more))
    assert ((wider_low <= low) & (low <= high) & (high <= wider_high) & (low >= 0)).all()
    median = np.maximum(np.median([said.low, said.middle, said.high], axis=0), 0)
    for inside in (np.rint(said.mean), np.rint(np.expm1(median))):
        assert ((low <= inside) & (inside <= high)).all()
    needed, more_needed = (stock(said, np.full(len(said.mean), one)) for one in (threshold, threshold + more))
    assert ((needed >= 0) & (needed <= more_needed)).all()
    some = said.mean >= 0.5
    assert (high[some] >= said.mean[some] - 1e-2).all()
    assert (needed[some] >= said.mean[some] - 1e-2).all()


@pytest.mark.parametrize(
    ("mean", "least"), [(227.3, 228), (910.4, 911), (3.0, 3), (3.0 + 1e-12, 3), (0.6, 1), (0.4, 0), (6_635.0, 6_635)]
)
def test_no_interval_and_no_stock_ends_below_what_is_expected(mean: float, least: int) -> None:
    """A product of which nothing comes in most weeks, and thousands in one."""
    said = Said(np.array([mean]), *(np.zeros(1) for _ in range(3)))
    assert intervals(said, np.zeros(1))[1].tolist() == [least]
    assert stock(said, np.zeros(1)).tolist() == [least]
    assert upper_scores(said, np.array([least])).tolist() == [-np.inf]
    before = replace(said, outward=False)
    assert intervals(before, np.zeros(1))[1].tolist() == [round(mean)]
    assert stock(before, np.zeros(1)).tolist() == [0]


def test_a_median_of_a_certain_model_leaves_room() -> None:
    """A member that answers a constant says no spread at all; the scores must stay finite."""
    certain = Said(*(np.full(3, value) for value in (0.0, 0.0, 0.0, 0.0)))
    assert np.isfinite(interval_scores(certain, np.array([0, 1, 10_000]))).all()


def usual_products(mean: Floats) -> Ints:
    """Groups of products that are not young and have 50 lines each."""
    return product_groups(mean, np.full(len(mean), 50.0), np.zeros(len(mean), np.bool_))


def simulated(rows: int, seed: int) -> tuple[Said, Floats, Ints, Ints]:
    """Lines of pairs that nothing is known of: pieces of a heavy-tailed shop, and a model that is a bit wrong about them.

    It says too narrow a spread for rare products, too wide a one for others, and is biased by a tenth.
    """
    random = np.random.default_rng(seed)
    product_lines = np.exp(random.uniform(0, 7, rows))
    level, spread = random.normal(2, 1.2, rows), random.uniform(0.3, 1.1, rows)
    pieces = 1 + np.floor(np.exp(random.normal(level, spread) + random.standard_t(4, rows) * 0.1)).astype(np.int64)
    middle = level + random.normal(0, 0.2, rows) - 0.1
    off = 1.645 * spread * np.where(product_lines < 20, 0.5, 1.3)
    said = Said(np.exp(middle + spread**2 / 2), middle - off, middle, middle + off)
    return said, product_lines, line_groups(said.mean, product_lines, np.zeros(rows, np.bool_)), pieces


@pytest.mark.parametrize("level", [0.5, 0.8, 0.9, 0.95])
def test_intervals_hold_for_ten_thousand_new_pairs_and_each_group_of_them(level: float) -> None:
    said, _, groups, pieces = simulated(20_000, seed=1)
    calibration = calibrate(interval_scores(said, pieces), groups)
    said, product_lines, groups, pieces = simulated(10_000, seed=2)
    low, high = intervals(said, thresholds(calibration, groups, level))
    held = (low <= pieces) & (pieces <= high)
    # Pieces between median and mean are in at any level: some 50 % where few are expected.
    assert held.mean() == pytest.approx(level, abs=0.015 if level > 0.5 else 0.04)
    for group in (product_lines < 20, product_lines >= 200, said.mean >= 20, said.mean < 4):
        assert group.sum() > 400
        assert (
            level - 0.03 <= held[group].mean() <= level + (0.05 if level > 0.5 else 0.15)
        )  # in small whole pieces, the next lower end holds less


def test_intervals_hold_their_level_and_no_more_where_many_weeks_are_empty() -> None:
    """All empty weeks have one score; they come in at a threshold under that of the usual levels."""
    random = np.random.default_rng(4)

    def weeks(rows: int) -> tuple[Said, Ints]:
        middle = random.normal(3, 0.5, rows)
        pieces = np.where(random.random(rows) < 0.15, 0, np.exp(random.normal(middle, 0.7))).astype(np.int64)
        return Said(np.exp(middle), middle * 0, middle - 0.15, middle + 1.1), pieces

    said, pieces = weeks(20_000)
    calibration = calibrate(interval_scores(said, pieces), usual_products(said.mean))
    said, pieces = weeks(10_000)
    low, high = intervals(said, thresholds(calibration, usual_products(said.mean), 0.9))
    assert ((low <= pieces) & (pieces <= high)).mean() == pytest.approx(0.9, abs=0.015)
    assert (low == 0).all()


@given(said_and_pieces(), st.floats(-5, 50), st.integers(0, 10_000))
def test_no_end_lies_above_what_was_seen_or_twice_the_expected_pieces(
    rows: tuple[Said, Ints], threshold: float, most: int
) -> None:
    said, _ = rows
    wide, most_seen = np.full(len(said.mean), threshold), np.full(len(said.mean), most)
    low, high = bounded_intervals(said, wide, most_seen)
    _, expected = intervals(said, np.zeros(len(said.mean)))
    assert (high <= np.maximum(most_seen, 2 * expected)).all()
    assert (low <= high).all()
    assert (bounded_stock(said, wide, most_seen) <= np.maximum(most_seen, 2 * expected)).all()
    before = replace(said, outward=False)
    _, expected = intervals(before, np.zeros(len(said.mean)))
    assert (bounded_intervals(before, wide, most_seen)[1] <= np.maximum(most_seen, expected)).all(), "as it was"


def test_where_more_is_expected_than_anybody_ever_sold_there_is_room_for_what_comes_above_it() -> None:
    """A shop's only product had sold 720 pieces in eight weeks at most, and is expected to sell 762 now: 763 were its stock."""
    logs = np.log1p(np.array([600.0, 762.0, 900.0]))[:, None]
    said, seen = Said(np.array([762.3]), *logs), np.array([720])
    usual = bounded_stock(said, np.array([1.0]), seen)
    assert (
        usual.tolist()
        == [900]
        == bounded_intervals(said, np.array([1.0]), seen)[1].tolist()
        == stock(said, np.array([1.0])).tolist()
    )
    assert bounded_stock(said, np.array([9.0]), seen).tolist() == [2 * 763], "and no end"


@given(st.lists(st.floats(0, 50), min_size=1, max_size=9), st.floats(0.5, 0.99))
def test_pieces_bounded_by_their_mean_are_exceeded_no_more_often_than_the_level_says(
    kinds: list[float], level: float
) -> None:
    """Of all distributions with a mean, the one that exceeds a number most often has nothing, or one more than that."""
    most = most_by_mean(np.array(kinds), level)
    assert (np.array(kinds) / (most + 1) <= (1 - level) * (1 + 1e-6)).all()
    below = most[most > 0] - 1
    assert (np.array(kinds)[most > 0] / (below + 1) > 1 - level).all(), "and no smaller one would do"


@given(said_and_pieces(), st.floats(-5, 50), st.integers(0, 10_000))
def test_no_bound_takes_stock_below_the_expected_pieces(rows: tuple[Said, Ints], threshold: float, most: int) -> None:
    said, _ = rows
    wide, most_seen = np.full(len(said.mean), threshold), np.full(len(said.mean), most)
    unbounded, (_, expected) = stock(said, wide), intervals(said, np.zeros(len(said.mean)))
    assert (bounded_stock(said, wide, most_seen) >= np.minimum(unbounded, expected)).all()


def test_huge_orders_for_rows_that_expect_few_leave_high_levels_of_others_within_what_was_seen() -> None:
    """One row in fifty of those with a narrow spread has a thousand pieces: as a factor of a wide spread that were billions."""
    random = np.random.default_rng(6)

    def weeks(rows: int) -> tuple[Said, Ints]:
        spread = random.uniform(0.05, 1.5, rows)
        pieces = np.where(random.random(rows) < 0.02, 1_000, random.poisson(3, rows)).astype(np.int64)
        middle = np.full(rows, np.log1p(3.0))
        return Said(np.full(rows, 3.0), middle - spread, middle, middle + spread), pieces

    said, pieces = weeks(20_000)
    groups = np.zeros((20_000, 1), np.int64)
    two_sided, upper = (calibrate(scores(said, pieces), groups, pieces) for scores in (interval_scores, upper_scores))
    said, pieces = weeks(10_000)
    wide = thresholds(two_sided, groups[:10_000], 0.99)
    _, high = bounded_intervals(said, wide, most_pieces(two_sided, groups[:10_000]))
    enough = bounded_stock(said, thresholds(upper, groups[:10_000], 0.99), most_pieces(upper, groups[:10_000]))
    assert high.max() == enough.max() == 1_000
    assert intervals(said, wide)[1].max() > 1_000_000
    assert (pieces <= high).mean() >= 0.985
    assert (pieces <= enough).mean() >= 0.985


def test_stock_is_exceeded_as_seldom_as_it_says() -> None:
    said, _, groups, pieces = simulated(20_000, seed=1)
    calibration = calibrate(upper_scores(said, pieces), groups)
    said, _, groups, pieces = simulated(10_000, seed=2)
    assert 0.04 <= (pieces > stock(said, thresholds(calibration, groups, 0.95))).mean() <= 0.06


def test_stock_for_several_weeks_holds_with_thresholds_of_their_sums() -> None:
    """Weeks of a product are alike and not the same: the sum of the weeks' own stocks would be too much."""
    random = np.random.default_rng(5)

    def products(rows: int) -> tuple[Said, Ints]:
        level = random.normal(2, 1, rows)
        pieces = random.poisson(np.exp(level + random.normal(0, 0.6, (4, rows))))
        week = Said(np.exp(level + 0.18), level - 1.2, level, level + 1.2)
        return of_several_weeks([week] * 4), pieces.sum(axis=0)

    said, pieces = products(10_000)
    calibration = calibrate(upper_scores(said, pieces), usual_products(said.mean))
    said, pieces = products(10_000)
    enough = stock(said, thresholds(calibration, usual_products(said.mean), 0.95))
    assert 0.04 <= (pieces > enough).mean() <= 0.06
    assert enough.sum() < stock(said, np.ones(10_000)).sum()


def test_a_pair_that_seldom_orders_has_nothing_as_its_interval_and_one_that_often_does_has_more() -> None:
    """Where no order is likelier than the level, no interval can hold less: of the others it holds its level."""
    random = np.random.default_rng(3)

    def pairs(rows: int) -> tuple[Said, Ints, Ints, Floats]:
        probability = random.choice([0.03, 0.06, 0.25, 0.6], rows)
        middle = random.normal(2, 0.5, rows)
        pieces = np.where(random.random(rows) < probability, np.ceil(np.exp(random.normal(middle, 0.7))), 0)
        said = Said(probability * np.exp(middle), middle - 1.2, middle, middle + 1.2)
        return said, pair_groups(probability, said.mean), pieces.astype(np.int64), probability

    said, groups, pieces, _ = pairs(40_000)
    calibration = calibrate(upper_scores(said, pieces), groups)
    said, groups, pieces, probability = pairs(10_000)
    high = stock(said, thresholds(calibration, groups, 0.9))
    seldom = probability < 0.1
    assert (high[seldom] == np.where(said.mean[seldom] < 0.5, 0, np.ceil(said.mean[seldom]))).all()
    assert (pieces <= high)[seldom].mean() == pytest.approx(0.955, abs=0.015)
    for often in (0.25, 0.6):
        assert (pieces <= high)[probability == often].mean() == pytest.approx(0.9, abs=0.02)
    assert np.median(high[probability == 0.6]) > np.median(high[probability == 0.25]) > 0


def test_in_a_small_shop_likely_pairs_are_not_calibrated_on_the_many_of_which_nothing_comes() -> None:
    """150 likely pairs of 3,000: none of their groups is large, but together they tell a level."""
    random = np.random.default_rng(8)

    def pairs(rows: int) -> tuple[Said, Ints, Ints, NDArray[np.bool_]]:
        likely = np.arange(rows) < rows // 20
        probability = np.where(likely, random.uniform(0.2, 0.9, rows), 0.01)
        middle = random.normal(2, 0.5, rows)
        pieces = np.where(random.random(rows) < probability, np.ceil(np.exp(random.normal(middle, 0.7))), 0)
        answer = DemandAnswer(
            *(
                column.astype(np.float32)
                for column in (probability, np.exp(middle), np.exp(middle - 0.3), np.exp(middle), np.exp(middle + 0.3))
            )
        )
        said = said_of_pairs(answer)
        return said, pair_groups(probability, said.mean), pieces.astype(np.int64), likely

    said, groups, pieces, _ = pairs(3_000)
    calibration = calibrate(interval_scores(said, pieces), groups)
    said, groups, pieces, likely = pairs(40_000)
    low, high = intervals(said, thresholds(calibration, groups, 0.9))
    held = (low <= pieces) & (pieces <= high)
    assert held[likely].mean() >= 0.87
    assert held[~likely].mean() >= 0.9
