"""The truth stands on its noise floor, every other answer above it, by exactly what it is off."""

from datetime import date

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.demo.judge_answers import TRUTH, rate_so_far, standings, table
from ordercast.sample.market.make_market import make_market
from ordercast.sample.market.noise_floor import pair_noise_floor
from ordercast.sample.market.parameters import expected_pieces

PIECES = st.lists(st.floats(0, 1e4), min_size=3, max_size=3).map(np.array)


@given(PIECES, PIECES)
def test_nobody_stands_below_the_truth_and_who_says_the_truth_stands_on_it(
    truth: np.ndarray, answer: np.ndarray
) -> None:
    truth = truth + 0.01
    first, same, other = standings(truth, np.ones(3), {"same": truth, "other": answer})
    assert (first.name, first.over_floor, first.said) == (TRUTH, 0, 1)
    assert same.over_floor == pytest.approx(0, abs=1e-9)
    assert same.said == 1
    assert other.over_floor >= -1e-9


def test_an_answer_stands_where_it_does_on_the_average_of_many_draws() -> None:
    market = make_market(3, date(2026, 1, 1), accounts=3, products=3)
    truth = expected_pieces(market)[:, 0:4].sum(axis=1)
    kept = truth > 0
    floor = pair_noise_floor(market, 0, 4)[kept]
    truth = truth[kept]
    [_, twice] = standings(truth, floor, {"twice": 2 * truth})
    # Of a target with mean t, answering 2t instead of t costs 2 (t - t log 2) more.
    assert twice.deviance == pytest.approx(float((floor + 2 * truth * (1 - np.log(2))).mean()))
    assert twice.said == 2


def test_an_answer_of_nothing_is_judged_all_the_same() -> None:
    [_, nothing] = standings(np.array([1.0, 2.0]), np.ones(2), {"nothing": np.zeros(2)})
    assert np.isfinite(nothing.deviance)
    assert nothing.over_floor > 5


def test_a_rate_goes_on_with_a_week_of_the_mean_in_it() -> None:
    rate = rate_so_far(np.array([0, 18]), 9, 4)
    assert rate.tolist() == pytest.approx([4 * 1 / 10, 4 * 19 / 10])


def test_a_table_has_a_line_for_each_answer() -> None:
    lines = table(standings(np.array([1.0]), np.array([2.0]), {"demand": np.array([1.0]), "baseline": np.array([9.0])}))
    assert [line.split()[0] for line in lines[1:]] == ["the", "demand", "baseline"]
    assert lines[2].split()[-2:] == ["+0.0%", "1.00"]
