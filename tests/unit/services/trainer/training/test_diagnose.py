"""The tables of a card, on rows whose truth is known."""

import numpy as np

from ordercast.contracts.diagnostics import MOST_EPOCHS
from ordercast.services.trainer.training.diagnose import curves, reliability, residuals


def test_of_a_long_training_epochs_in_even_steps_are_kept_with_the_first_and_the_last() -> None:
    made = curves([[1.0 / epoch, float("nan")] for epoch in range(1, 10_001)])
    assert (made.epochs[0], made.epochs[-1], len(made.epochs)) == (1, 10_000, MOST_EPOCHS)
    assert set(np.diff(made.epochs)) <= {204, 205}
    assert made.loss[0] == tuple(float(f"{1 / epoch:.6g}") for epoch in made.epochs)
    assert set(made.loss[1]) == {None}
    assert made.val_loss == ()
    assert curves([[1.0], [0.5]], [[2.0], [1.5]]).val_loss == ((2.0, 1.5),)


def test_probabilities_that_hold_lie_beside_the_share_that_ordered() -> None:
    random = np.random.default_rng(1)
    probability = random.uniform(0, 1, 20_000)
    made = reliability(probability, random.uniform(0, 1, 20_000) < probability)
    assert sum(group.rows for group in made) == 20_000
    assert (made[0].low, made[-1].high) == (0.0, 1.0)
    assert all(abs(group.said - group.ordered) < 0.04 for group in made)
    assert [group.ordered for group in reliability(np.full(10, 0.3), np.ones(10, bool))] == [1.0]


def test_residuals_say_by_size_what_was_answered_and_what_was() -> None:
    answer = np.array([1.0, 1.0, 10.0, 500.0])
    small, middle, large = residuals(answer, np.array([0, 4, 10, 300]))
    assert (small.low, small.high, small.rows, small.said, small.real) == (0.0, 2, 2, 1.0, 2.0)
    assert (small.q05, small.median, small.q95) == (-0.8, 1.0, 2.8)
    assert (middle.rows, middle.median) == (1, 0.0)
    assert (large.low, large.high, large.median) == (128, None, -200.0)
