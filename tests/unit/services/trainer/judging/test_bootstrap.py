"""The interval holds as often as it says, with accounts drawn whole."""

import numpy as np
import pytest

from ordercast.services.trainer.judging.bootstrap import paired_difference


def test_the_difference_is_the_mean_over_rows() -> None:
    found = paired_difference(np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 5.0]), np.array([7, 7, 9]))
    assert found.mean == pytest.approx(-1.0)
    assert found.groups == 2


def test_of_accounts_without_a_difference_the_interval_holds_zero_in_nineteen_of_twenty() -> None:
    """Rows of an account go together here: drawn one by one, zero would be missed more than every third time."""
    missed = 0
    for seed in range(200):
        random = np.random.default_rng(seed)
        account = np.repeat(np.arange(60), 20)
        loss = random.normal(0, 1, 60)[account] + random.normal(0, 1, 1200)
        found = paired_difference(loss, np.zeros(1200), account, seed=seed, rounds=300)
        missed += not found.low < 0 < found.high
    assert 2 <= missed <= 24
