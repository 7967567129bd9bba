"""Intervals that held too little in the last weeks are made wider, and the other way round, by what was known then alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.shared.demand.activity import Floats, Ints
from ordercast.services.shared.demand.adaptive_tails import LEAST_TAIL, MOST_TAIL, adapted, calibrated_at
from ordercast.services.shared.demand.conformal import (
    LEAST_LEVEL,
    MOST_LEVEL,
    Calibration,
    calibrate,
    most_pieces,
    tailed,
    thresholds,
)
from ordercast.services.shared.demand.intervals import Said, interval_scores, intervals, stock, uncut, upper_scores
from ordercast.services.shared.demand.scored import Scored

FIRST = 400
NOW = FIRST + 8 * 7


def asked_weekly(growth: float, products: int = 100, until: int = NOW) -> Scored:
    """The next week of each product, at 16 moments; how far off they are grows by a share each week from `FIRST` on."""
    moment = np.repeat(np.arange(FIRST - 56, until, 7), products)
    random = np.random.default_rng(3)
    off = random.exponential(1, len(moment)) * np.exp(growth * np.maximum(moment - FIRST, 0) / 7)
    product, nothing = np.tile(np.arange(products), len(moment) // products), np.zeros(len(moment), np.int64)
    groups = np.zeros((len(moment), 2), np.int64)
    return Scored(off, groups, nothing, product * 1_000 + moment, nothing, moment, moment + 7)


def left_out(calibration: Calibration, scores: Floats, level: float = 0.9) -> float:
    groups: Ints = np.zeros((len(scores), 2), np.int64)
    return float((scores > thresholds(calibration, groups, level)).mean())


def test_where_the_last_weeks_missed_too_much_less_is_left_out_than_by_the_same_weeks_alone() -> None:
    drifting = asked_weekly(growth=0.15)
    adaptive, alone = adapted(drifting, FIRST, NOW, 0.9), calibrated_at(drifting, NOW)
    next_week = np.random.default_rng(4).exponential(1, 4_000) * np.exp(0.15 * 8)
    assert left_out(alone, next_week) > 0.12
    assert left_out(adaptive, next_week) < left_out(alone, next_week) - 0.02
    assert left_out(adaptive, next_week, 0.8) < left_out(alone, next_week, 0.8), "at other levels, too"


def test_where_nothing_drifts_it_leaves_out_what_it_should() -> None:
    tail = adapted(asked_weekly(growth=0.0), FIRST, NOW, 0.9).tail
    assert tail == pytest.approx(1, abs=0.1)


def test_before_anything_was_asked_it_is_the_calibration_itself() -> None:
    drifting = asked_weekly(growth=0.15)
    assert adapted(drifting, NOW, NOW, 0.9).tail == 1


def test_what_few_products_missed_moves_nothing() -> None:
    assert adapted(asked_weekly(growth=0.15, products=19), FIRST, NOW, 0.9).tail == 1
    assert adapted(asked_weekly(growth=0.15, products=20), FIRST, NOW, 0.9).tail < 1


def said_of(rows: int, seed: int) -> Said:
    random = np.random.default_rng(seed)
    middle = random.normal(2, 1.5, rows)
    return Said(np.exp(random.normal(middle, 1)), middle - 0.8, middle, middle + 0.8)


@given(st.integers(0, 99), st.floats(0.5, 0.99), st.floats(0.3, 3))
def test_a_row_counts_as_missed_where_the_answer_with_its_bound_leaves_its_pieces_out(
    seed: int, level: float, times: float
) -> None:
    before, said = said_of(200, seed), said_of(60, seed + 100)
    random, nothing, groups = np.random.default_rng(seed), np.zeros(60, np.int64), np.zeros((60, 1), np.int64)
    sold, came = (np.exp(random.normal(one.middle, 0.8)).astype(np.int64) for one in (before, said))
    came = (times * came).astype(np.int64)
    for scores_of in (interval_scores, upper_scores):
        made = calibrate(scores_of(before, sold), np.zeros((200, 1), np.int64), sold)
        wide, most = thresholds(made, groups, level), most_pieces(made, groups)
        if scores_of is interval_scores:
            low, high = intervals(said, wide, most)
        else:
            low, high = nothing, stock(said, wide, most)
        scored = Scored(scores_of(said, came), groups, came, None, uncut(said), nothing, nothing)
        missed = scored.missed(np.ones(60, np.bool_), made, level)
        assert missed.tolist() == ((came < low) | (came > high)).tolist()


def test_in_a_season_that_rises_what_the_bound_left_out_makes_the_next_intervals_wider() -> None:
    """15 % more each week: by its score alone each row was held."""
    steady = asked_weekly(growth=0.0)
    sold = np.rint(10 * np.exp(0.15 * np.maximum(steady.moment - FIRST, 0) / 7)).astype(np.int64)
    rising = replace(steady, scores=np.zeros(len(sold)), pieces=sold)
    assert adapted(rising, FIRST, NOW, 0.9).tail == LEAST_TAIL
    assert adapted(replace(rising, uncut=sold), FIRST, NOW, 0.9).tail > 1, "no bound cuts what is expected"


@given(st.integers(0, 8), st.floats(-1, 1))
def test_nothing_is_used_that_came_later_and_the_tail_has_bounds(weeks: int, growth: float) -> None:
    day, every = FIRST + 7 * weeks, asked_weekly(growth)
    then = adapted(every.where(every.known_on <= day), FIRST, day, 0.9)
    assert adapted(every, FIRST, day, 0.9).tail == then.tail
    assert LEAST_TAIL <= then.tail <= MOST_TAIL
    assert {name: array.tolist() for name, array in then.arrays().items()} == {
        name: array.tolist() for name, array in calibrated_at(every, day).arrays().items()
    }


LEVELS = st.floats(LEAST_LEVEL, MOST_LEVEL)


@given(LEVELS, LEVELS, st.floats(LEAST_TAIL, MOST_TAIL))
def test_of_two_levels_the_higher_one_stays_the_higher_one_whatever_the_weeks_before_held(
    one: float, other: float, tail: float
) -> None:
    low, high = sorted((one, other))
    moved = tailed(low, tail), tailed(high, tail)
    assert LEAST_LEVEL <= moved[0] <= moved[1] < 1
    assert moved[0] < moved[1] or high - low < 1e-9
    assert tailed(LEAST_LEVEL, tail) == LEAST_LEVEL
    assert tailed(one, 1.0) == pytest.approx(one, abs=1e-12)


@pytest.mark.parametrize("tail", [LEAST_TAIL, MOST_TAIL])
def test_intervals_of_low_levels_are_of_different_widths_in_the_most_adapted_calibration(tail: float) -> None:
    made = replace(calibrated_at(asked_weekly(growth=0.0), FIRST), tail=tail)
    asked = [float(thresholds(made, np.zeros((1, 2), np.int64), level)[0]) for level in (0.5, 0.6, 0.7, 0.8, 0.9)]
    assert asked == sorted(set(asked))
    assert asked[0] == thresholds(replace(made, tail=1.0), np.zeros((1, 2), np.int64), 0.5)[0]


def test_a_tail_stays_within_the_levels_that_scores_are_kept_of() -> None:
    made = calibrated_at(asked_weekly(growth=0.0), FIRST)
    groups = np.zeros((1, 2), np.int64)
    assert thresholds(replace(made, tail=MOST_TAIL), groups, 0.5) == thresholds(made, groups, 0.5)
    assert thresholds(replace(made, tail=LEAST_TAIL), groups, 0.99) >= thresholds(made, groups, 0.99)
