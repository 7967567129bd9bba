"""The numbers: the same alone and in batches, and from any thread."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ordercast.services.predictor.load_model import load_model
from ordercast.services.predictor.model_slot import ServedModel
from ordercast.services.predictor.predict import GROUP, predict_many
from tests.support.model_artifacts import BASELINE_LAYERS, write_model

# Answers are of the size of one; where a member crosses zero only the absolute difference says something.
NEAR = 1e-5


def near(expected: object) -> Any:
    return pytest.approx(expected, rel=NEAR, abs=NEAR)


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
