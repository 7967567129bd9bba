"""Intervals that held too little in the last weeks are made wider, and the other way round, by what was known then alone."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.shared.demand.activity import Floats, Ints
from ordercast.services.shared.demand.adaptive_tails import LEAST_TAIL, MOST_TAIL, adapted, calibrated_at
from ordercast.services.shared.demand.conformal import Calibration, thresholds
from ordercast.services.shared.demand.scored import Scored

FIRST = 400
NOW = FIRST + 8 * 7


def asked_weekly(growth: float, products: int = 100, until: int = NOW) -> Scored:
    """The next week of each product, at 16 moments; how far off they are grows by a share each week from `FIRST` on."""
    moment = np.repeat(np.arange(FIRST - 56, until, 7), products)
    random = np.random.default_rng(3)
    off = random.exponential(1, len(moment)) * np.exp(growth * np.maximum(moment - FIRST, 0) / 7)
    product, nothing = np.tile(np.arange(products), len(moment) // products), np.zeros(len(moment), np.int64)
    return Scored(off, np.zeros((len(moment), 2), np.int64), nothing, product * 1_000 + moment, moment, moment + 7)


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


@given(st.integers(0, 8), st.floats(-1, 1))
def test_nothing_is_used_that_came_later_and_the_tail_has_bounds(weeks: int, growth: float) -> None:
    day, every = FIRST + 7 * weeks, asked_weekly(growth)
    then = adapted(every.where(every.known_on <= day), FIRST, day, 0.9)
    assert adapted(every, FIRST, day, 0.9).tail == then.tail
    assert LEAST_TAIL <= then.tail <= MOST_TAIL
    assert {name: array.tolist() for name, array in then.arrays().items()} == {
        name: array.tolist() for name, array in calibrated_at(every, day).arrays().items()
    }


def test_a_tail_stays_within_the_levels_that_scores_are_kept_of() -> None:
    made = calibrated_at(asked_weekly(growth=0.0), FIRST)
    groups = np.zeros((1, 2), np.int64)
    assert thresholds(replace(made, tail=MOST_TAIL), groups, 0.5) == thresholds(made, groups, 0.5)
    assert thresholds(replace(made, tail=LEAST_TAIL), groups, 0.99) >= thresholds(made, groups, 0.99)
