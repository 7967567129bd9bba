"""What weeks so far let expect of the next ones."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ordercast.services.shared.demand.activity import Floats, Ints
from ordercast.services.shared.demand.weekly_curves import NEXT_WEEKS, YEAR_WEEKS, expected_counts

AGO = np.arange(104)


def shop(*rates: Floats) -> Ints:
    """Counts of products as they are expected, the last week first."""
    return np.asarray(np.rint(np.stack(rates)), np.int64)


def test_a_product_that_sells_as_ever_goes_on_and_one_that_nobody_knows_of_does_not_begin() -> None:
    assert expected_counts(shop(np.full(104, 50.0), np.zeros(104))) == pytest.approx([50, 0], rel=0.01)
    assert len(expected_counts(np.zeros((0, 104), np.int64))) == 0


def test_a_trend_and_a_season_go_on_where_a_level_lags_behind() -> None:
    ahead = -np.arange(1, NEXT_WEEKS + 1)

    def risen(ago: Ints) -> Floats:
        return np.asarray(100 * np.exp(-0.4 * ago / YEAR_WEEKS), np.float64)

    def seasonal(ago: Ints) -> Floats:
        return np.asarray(100 * np.exp(0.5 * np.sin(2 * np.pi * -ago / YEAR_WEEKS)), np.float64)

    found = expected_counts(shop(risen(AGO), seasonal(AGO)))
    assert found == pytest.approx([risen(ahead).mean(), seasonal(ahead).mean()], rel=0.03)
    assert (found > [risen(AGO[:4]).mean(), seasonal(AGO[:4]).mean()]).all()


def test_a_few_weeks_say_nothing_of_trend_and_season() -> None:
    weeks = np.zeros(104)
    weeks[:4] = [3, 2, 2, 1]
    assert 1.5 < expected_counts(shop(weeks))[0] < 3.5


def test_the_longer_a_product_is_silent_that_had_counts_each_week_the_less_is_expected() -> None:
    weeks = [np.where(ago > AGO, 0, rate) for rate in (30.0, 1.0) for ago in range(6)]
    often, seldom = expected_counts(shop(*weeks)).reshape(2, 6)
    assert (np.diff(often) <= 0).all()
    assert (np.diff(seldom) < 0).all()
    assert often[2] < 0.01 * often[0]
    assert seldom[2] > 0.8 * seldom[0]


@pytest.mark.parametrize("ago", [0, 10, 26, 51])
@pytest.mark.parametrize("pieces", [1_000, 10**6])
def test_a_single_week_however_large_is_no_trend_and_no_season(ago: int, pieces: int) -> None:
    weeks = np.where(AGO < 52, 2, 0)
    weeks[ago] = pieces
    assert expected_counts(shop(weeks))[0] < 2 * weeks.sum() / 52


def test_one_week_alone_goes_on() -> None:
    assert expected_counts(np.array([[7]])) == pytest.approx([7], rel=0.1)
    assert expected_counts(np.array([[7, 0]])) == pytest.approx([7], rel=0.1)


@given(arrays(np.int64, (6, 104), elements=st.integers(0, 3) | st.integers(0, 10**6)))
def test_expectations_are_finite_counts_whatever_came(weeks: Ints) -> None:
    found = expected_counts(weeks)
    assert np.isfinite(found).all()
    assert (found >= 0).all()
    assert (found > 0).sum() <= weeks.any(axis=1).sum()


@given(arrays(np.int64, (6, 60), elements=st.integers(0, 30)), st.lists(st.integers(0, 5), min_size=1, max_size=8))
def test_a_product_has_the_same_bits_beside_whichever_others(weeks: Ints, chosen: list[int]) -> None:
    assert expected_counts(weeks)[chosen].tolist() == expected_counts(weeks[chosen]).tolist()
