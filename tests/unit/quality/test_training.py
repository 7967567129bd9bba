"""What a training takes is measured on whole accounts, and told against what is promised."""

import numpy as np
import pytest

from ordercast.quality.training import PAIRS, PROMISED_BYTES, PROMISED_S, Spent, first_pairs, training_section


def test_accounts_are_taken_whole_until_they_have_so_many_pairs() -> None:
    account, product = np.array([7, 3, 3, 5, 3, 7]), np.array([1, 1, 2, 9, 2, 8])
    columns = {"account_id": account, "product_id": product, "day": np.arange(6)}
    assert first_pairs(columns, 2)["day"].tolist() == [1, 2, 4]
    assert first_pairs(columns, 3)["day"].tolist() == [1, 2, 3, 4]
    assert first_pairs(columns, 4)["day"].tolist() == [0, 1, 2, 3, 4, 5]


@pytest.mark.parametrize(
    ("seconds", "peak", "told"),
    [
        (PROMISED_S, PROMISED_BYTES, ": kept."),
        (PROMISED_S + 1, PROMISED_BYTES, ": not kept."),
        (PROMISED_S, PROMISED_BYTES + 1, ": not kept."),
    ],
)
def test_a_training_that_takes_more_than_is_promised_is_told_as_such(seconds: float, peak: int, told: str) -> None:
    whole, part = Spent(267_615, 401_604, 1, seconds, 0, 0), Spent(PAIRS, 150_000, 1, 0, peak, 0)
    assert training_section([whole, part]).endswith(told)
