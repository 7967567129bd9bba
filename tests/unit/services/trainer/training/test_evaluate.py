import math

import msgspec
import numpy as np
import pytest

from ordercast.contracts.model_manifest import Errors, Metrics
from ordercast.services.trainer.errors import ModelRefused
from ordercast.services.trainer.training.evaluate import evaluate, refuse_diverged_model
from ordercast.services.trainer.training.training_set import Numbers

TRAIN: tuple[Numbers, Numbers] = (np.array([0.0, 1, 2, 3]), np.array([1.0, 3, 5, 8]))
TEST: tuple[Numbers, Numbers] = (np.array([1.5, 4.0]), np.array([4.0, 10.0]))


def judged(
    *members: list[float], test: tuple[Numbers, Numbers] = TEST, train: tuple[Numbers, Numbers] = TRAIN
) -> Metrics:
    losses = tuple(0.5 for _ in members)
    return evaluate(np.array(members, dtype=np.float32), losses, losses, train, test)


def test_the_ensemble_answers_the_mean_of_its_members() -> None:
    metrics = judged([3, 9], [6, 12])

    assert metrics.ensemble == Errors(mse=(0.5**2 + 0.5**2) / 2, mae=0.5)
    assert metrics.members[0].holdout == Errors(mse=1, mae=1)
    assert metrics.members[1].holdout == Errors(mse=4, mae=2)
    assert metrics.holdout_rows == 2


def test_mean_and_line_are_fitted_on_the_training_rows_only() -> None:
    metrics = judged([4, 10])

    slope, intercept = np.polyfit(*TRAIN, 1)
    assert metrics.mean.mse == pytest.approx(np.mean((4.25 - TEST[1]) ** 2))
    assert metrics.line.mse == pytest.approx(np.mean((intercept + slope * TEST[0] - TEST[1]) ** 2))


def test_the_verdict_says_what_was_beaten() -> None:
    perfect, poor, between = judged([4, 10]), judged([40, -40]), judged([4, 8])

    assert (perfect.beats_mean, perfect.beats_line) == (True, True)
    assert (poor.beats_mean, poor.beats_line) == (False, False)
    assert (between.beats_mean, between.beats_line) == (True, False)


def test_views_without_any_spread_give_a_level_line() -> None:
    metrics = judged([4, 10], train=(np.full(4, 7.0), TRAIN[1]))

    assert metrics.line == metrics.mean


@pytest.mark.parametrize("broken", [math.nan, math.inf])
def test_a_model_whose_prediction_is_not_a_number_is_refused(broken: float) -> None:
    with pytest.raises(ModelRefused, match="not a finite number"):
        refuse_diverged_model(judged([4, 10], [4, broken]), TRAIN[1])


def test_a_model_whose_loss_is_not_a_number_is_refused() -> None:
    metrics = judged([4, 10])
    member = msgspec.structs.replace(metrics.members[0], loss=math.nan)

    with pytest.raises(ModelRefused, match="a loss or a prediction is not a finite number"):
        refuse_diverged_model(msgspec.structs.replace(metrics, members=(member,)), TRAIN[1])


def test_a_model_that_ran_away_is_refused_with_its_error() -> None:
    with pytest.raises(ModelRefused, match="more than 10 times"):
        refuse_diverged_model(judged([4, 1_000]), TRAIN[1])


def test_a_model_that_only_fails_to_beat_the_mean_may_be_published() -> None:
    metrics = judged([7, 5])

    refuse_diverged_model(metrics, TRAIN[1])
    assert not metrics.beats_mean


def test_held_out_rows_that_equal_the_mean_do_not_make_every_model_a_runaway() -> None:
    metrics = judged([4.25, 4.5], test=(TEST[0], np.array([4.25, 4.25])))

    assert metrics.mean.mse == 0
    refuse_diverged_model(metrics, TRAIN[1])
