"""Weeks end with the moment; the level weighs them, the last one most."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercast.services.shared.demand.known import known_at
from ordercast.services.shared.demand.weekly_curves import YEAR_WEEKS
from ordercast.services.shared.demand.weekly_levels import (
    PRIOR_VISITS,
    WEEKS,
    curve_levels,
    pieces_by_week,
    smoothed_levels,
    visit_levels,
    visits_by_week,
    weeks_on_sale,
)
from tests.unit.services.shared.demand.histories import START, activity, epoch, frame

NO_LEVEL = np.zeros(2)


def test_a_week_is_seven_days_before_the_moment() -> None:
    rows = [(account, 1, day, 0, 1 + day, 1, 0, 0, 0) for account in (1, 2) for day in (6, 13, 14, 20)]
    known = known_at(activity(frame(rows)), epoch(START) + 21)
    assert pieces_by_week(known)[0, :4].tolist() == [72, 28, 14, 0]
    assert weeks_on_sale(known).tolist() == [3, 0]


def test_the_last_week_weighs_three_tenths() -> None:
    weeks = np.zeros((1, 104), np.int64)
    weeks[0, 0] = 100
    assert smoothed_levels(weeks, np.array([104]))[0] == pytest.approx(30)


def test_a_visit_is_an_account_on_a_day_however_often_it_looks_or_whether_it_only_fills_its_cart() -> None:
    rows = [(1, 1, 14, 0, 0, 0, 0, 1, 0), (1, 1, 15, 0, 0, 0, 0, 999_999_999, 1), (2, 1, 15, 0, 0, 0, 0, 0, 3)]
    rows += [(1, 1, 2, 0, 5, 1, 0, 0, 0), (1, 2, 6, 0, 0, 0, 0, 2, 0)]
    known = known_at(activity(frame(rows)), epoch(START) + 21)
    assert visits_by_week(known)[:2, :3].tolist() == [[3, 0, 0], [0, 0, 1]]


def test_twice_the_visits_let_expect_twice_the_pieces_before_anybody_ordered_more() -> None:
    pieces, visits = np.zeros((2, 104), np.int64), np.zeros((2, 104), np.int64)
    pieces[:, :20], visits[:, :20] = 50, 100
    visits[1, 0] = 200
    still, more = visit_levels(pieces, visits, NO_LEVEL)
    assert still == pytest.approx(50, rel=0.03)
    assert more == pytest.approx(75, rel=0.06)


def test_pieces_from_before_visits_were_counted_are_none_of_theirs() -> None:
    pieces, visits = np.full((1, 104), 50), np.zeros((1, 104), np.int64)
    visits[:, :4] = 100
    assert visit_levels(pieces, visits, NO_LEVEL)[0] == pytest.approx(50)


def test_of_what_nobody_looked_at_the_level_says_what_to_expect() -> None:
    """All of a shop that counts no visits, or products that sell without any."""
    pieces, visits, level = np.full((3, 104), 50), np.zeros((3, 104), np.int64), np.array([49.0, 51.0, 0.0])
    pieces[2] = 0
    assert visit_levels(pieces, visits, level).tolist() == [49, 51, 0]
    visits[0] = 100
    assert visit_levels(pieces, visits, level).tolist() == pytest.approx([50, 51, 0])


def test_one_stray_visit_of_long_ago_does_not_count_the_pieces_since_as_those_of_visits() -> None:
    pieces, visits = np.full((2, 104), 50), np.zeros((2, 104), np.int64)
    visits[:, :10], visits[0, 100] = 100, 1
    assert visit_levels(pieces, visits, NO_LEVEL) == pytest.approx([50, 50], rel=0.11)


def test_a_product_whose_visits_are_counted_later_than_others_has_the_pieces_of_these_weeks() -> None:
    pieces, visits = np.full((2, 104), 50), np.full((2, 104), 100)
    visits[1, 5:] = 0
    assert visit_levels(pieces, visits, NO_LEVEL) == pytest.approx([50, 50])


@pytest.mark.parametrize("outage", [slice(1, 4), slice(20, 60)])
def test_weeks_in_which_no_visits_were_counted_change_nothing(outage: slice) -> None:
    pieces, visits = np.full((2, 104), 50), np.full((2, 104), 100)
    visits[:, outage] = 0
    assert visit_levels(pieces, visits, NO_LEVEL) == pytest.approx([50, 50])


@settings(max_examples=40)
@given(st.integers(0, 2**32), st.integers(1, 103))
def test_whatever_was_sold_before_anybody_looked_at_a_product_says_nothing_of_its_visits(seed: int, began: int) -> None:
    random = np.random.default_rng(seed)
    pieces, visits = random.integers(0, 20, (4, 104)), random.integers(1, 90, (4, 104))
    visits[:, began:] = 0
    found = visit_levels(pieces, visits, np.zeros(4))
    for sold in (random.integers(0, 1_000, (4, 104 - began)), 0):
        pieces[:, began:] = sold
        assert visit_levels(pieces, visits, np.zeros(4)) == pytest.approx(found)


def test_a_product_that_was_hardly_looked_at_has_what_all_have_of_a_visit() -> None:
    pieces, visits = np.zeros((2, 104), np.int64), np.zeros((2, 104), np.int64)
    pieces[0], visits[0], visits[1, 0] = 10, 100, 1
    assert visit_levels(pieces, visits, NO_LEVEL)[1] == pytest.approx(0.1 * PRIOR_VISITS / (PRIOR_VISITS + 1), rel=0.01)


def test_where_visits_are_counted_no_more_the_level_answers() -> None:
    pieces, visits = np.full((2, 104), 50), np.full((2, 104), 100)
    visits[:, 0] = 0
    assert visit_levels(pieces, visits, np.array([49.0, 51.0])).tolist() == [49, 51]
    pieces[:, 0] = 0  # nor was anything sold: the shop was closed
    assert (visit_levels(pieces, visits, np.array([49.0, 51.0])) < 30).all()


def test_the_curve_of_a_product_without_visits_is_that_of_its_lines_in_a_shop_that_has_visits() -> None:
    pieces, visits = np.full((3, WEEKS), 6), np.full((3, WEEKS), 20)
    lines = np.full((3, WEEKS), 2)
    visits[0] = 0
    assert curve_levels(pieces, visits, lines) == pytest.approx([6, 6, 6], rel=0.05)
    assert curve_levels(pieces, np.zeros_like(visits), lines) == pytest.approx([6, 6, 6], rel=0.05)


def test_weeks_in_which_visits_were_not_counted_move_no_season() -> None:
    ago = np.arange(WEEKS)
    visits = np.rint(200 * np.exp(0.7 * np.sin(2 * np.pi * -ago / YEAR_WEEKS))).astype(np.int64)[None]
    pieces, missing = visits // 10, visits.copy()
    missing[0, 20:45] = 0
    whole, told = (curve_levels(pieces, counted, pieces)[0] for counted in (visits, missing))
    assert told == pytest.approx(whole, rel=0.05)
