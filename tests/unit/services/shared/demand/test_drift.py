"""Drift is told where a feature has moved, and not where it has not."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from ordercast.services.shared.demand.activity import Floats
from ordercast.services.shared.demand.drift import BINS, bins_of, stability_index

RANDOM = np.random.default_rng(5)
LEARNED = np.column_stack(
    [RANDOM.normal(size=20_000), np.where(RANDOM.random(20_000) < 0.9, 0.0, RANDOM.exponential(size=20_000))]
)


def test_the_same_distribution_has_hardly_any_and_a_moved_one_a_lot() -> None:
    normal, mostly_none = bins_of(LEARNED)
    assert len(normal.shares) == BINS
    assert stability_index(normal, RANDOM.normal(size=5_000)) < 0.02
    assert stability_index(normal, RANDOM.normal(1.0, size=5_000)) > 0.25
    assert stability_index(mostly_none, LEARNED[:3_000, 1]) < 0.02
    assert stability_index(mostly_none, np.where(RANDOM.random(3_000) < 0.5, 0.0, 1.0)) > 0.25


def test_it_is_the_sum_over_bins_of_the_difference_of_shares_times_the_log_of_their_ratio() -> None:
    [bins] = bins_of(np.array([[0.0], [1.0]] * 50))
    assert bins.shares == (0.5, 0.5, 0.0)
    three_quarters = np.array([0.0, 0.0, 0.0, 1.0])
    expected = 0.25 * np.log(0.75 / 0.5) + (-0.25) * np.log(0.25 / 0.5)
    assert stability_index(bins, three_quarters) == pytest.approx(expected)


@given(column=arrays(np.float64, st.integers(1, 40), elements=st.floats(-5, 5)))
def test_any_column_against_itself_has_none_and_shares_add_up_to_1(column: Floats) -> None:
    [bins] = bins_of(column[:, None])
    assert sum(bins.shares) == pytest.approx(1)
    assert len(bins.shares) == len(bins.edges) + 1 <= BINS
    assert stability_index(bins, column) == pytest.approx(0)
