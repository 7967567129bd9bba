"""The numbers: the same alone and in batches, and from any thread."""

import asyncio
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ordercast.services.predictor.load_model import load_model
from ordercast.services.predictor.model_slot import ServedModel
from ordercast.services.predictor.predict import GROUP, Prediction, PredictTogether, predict_many
from ordercast.services.shared.telemetry.metrics import PREDICTION_SECONDS
from tests.support.model_artifacts import BASELINE_LAYERS, write_model

# Answers are of the size of one; where a member crosses zero only the absolute difference says something.
NEAR = 1e-5


def near(expected: object) -> Any:
    return pytest.approx(expected, rel=NEAR, abs=NEAR)


def passes() -> float:
    """How often the ensemble was asked since the process began."""
    [metric] = PREDICTION_SECONDS.collect()
    return next(sample.value for sample in metric.samples if sample.name.endswith("_count"))


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> ServedModel:
    artifacts: Path = tmp_path_factory.mktemp("artifacts")
    written = write_model(artifacts, layers=BASELINE_LAYERS, seed=5)
    return load_model(artifacts, written.version, written.manifest_sha256)


def test_quantity_is_the_mean_and_spread_the_deviation_of_the_ten_members(model: ServedModel) -> None:
    [prediction] = predict_many(model, [7_000])
    assert len(prediction.members) == 10
    assert prediction.quantity == pytest.approx(np.mean(prediction.members), rel=1e-12)
    assert prediction.spread == pytest.approx(np.std(prediction.members), rel=1e-9)
    assert prediction.spread > 0
    assert (prediction.view_count, prediction.model_version) == (7_000, model.version)


@pytest.mark.parametrize("count", [1, 2, GROUP - 1, GROUP, GROUP + 1, 30 * GROUP + 5])
def test_a_batch_gives_each_view_count_its_single_prediction_in_order(model: ServedModel, count: int) -> None:
    counts = [(index * 7919) % 20_000 for index in range(count)]
    predictions = predict_many(model, counts)
    assert [prediction.view_count for prediction in predictions] == counts
    for batched, view_count in zip(predictions, counts, strict=True):
        [single] = predict_many(model, [view_count])
        assert batched.quantity == near(single.quantity)
        assert batched.spread == near(single.spread)
        assert batched.members == near(single.members)
        assert batched.model_version == model.version


def test_threads_that_predict_at_the_same_time_do_not_disturb_each_other(model: ServedModel) -> None:
    counts = list(range(0, 12_000, 10))
    alone = [prediction.members for prediction in predict_many(model, counts)]
    with ThreadPoolExecutor(4) as threads:
        together = list(threads.map(lambda _: predict_many(model, counts), range(4)))
    for predictions in together:
        assert [prediction.members for prediction in predictions] == alone


async def test_requests_of_one_moment_are_answered_together_each_with_its_own(model: ServedModel) -> None:
    together = PredictTogether()
    counts = [(index * 7919) % 20_000 for index in range(3 * GROUP + 1)]
    before = passes()
    answers = await asyncio.gather(*(together(model, count) for count in counts))
    assert passes() - before == 1
    assert answers == predict_many(model, counts)


async def test_requests_that_took_different_models_at_one_moment_get_each_their_own(
    model: ServedModel, tmp_path: Path
) -> None:
    written = write_model(tmp_path, quantity=3.0)
    other = load_model(tmp_path, written.version, written.manifest_sha256)
    together = PredictTogether()
    models = [model, model, other, model, other, other]
    answers = await asyncio.gather(*(together(taken, 5) for taken in models))
    assert [answer.model_version for answer in answers] == [taken.version for taken in models]
    assert [answer.quantity == 3.0 for answer in answers] == [taken is other for taken in models]


async def test_a_request_that_is_given_up_does_not_take_the_others_with_it(model: ServedModel) -> None:
    together = PredictTogether()
    requests = [asyncio.create_task(together(model, count)) for count in (1, 2, 3)]
    await asyncio.sleep(0)
    requests[1].cancel()
    answers = await asyncio.gather(*requests, return_exceptions=True)
    assert isinstance(answers[1], asyncio.CancelledError)
    for answer, alone in zip((answers[0], answers[2]), predict_many(model, [1, 3]), strict=True):
        assert isinstance(answer, Prediction)
        assert answer.members == near(alone.members)


async def test_an_error_in_the_ensemble_reaches_every_request_that_waits(model: ServedModel) -> None:
    together = PredictTogether()
    broken = [together(model, count) for count in (1, "no number")]  # type: ignore[arg-type]
    answers = await asyncio.gather(*broken, return_exceptions=True)
    assert [type(answer) for answer in answers] == [ValueError, ValueError]
    assert (await together(model, 1)).view_count == 1
