import hashlib
import os
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
import pytest
from safetensors.numpy import load

from ordercast.contracts.ensemble_forward import Ensemble, stack_weights
from ordercast.contracts.model_manifest import (
    MANIFEST_FILE,
    SCALER_FILE,
    WEIGHTS_FILE,
    ModelManifest,
    Scaler,
    decode_manifest,
    file_entry,
)
from ordercast.services.trainer.errors import UnusableTrainingSet
from ordercast.services.trainer.networks.fit import EpochLosses, NetworksLooked, News
from ordercast.services.trainer.recipes import BASELINE
from ordercast.services.trainer.training.messages import TrainedModel
from ordercast.services.trainer.training.train_model import train_model
from tests.support.training_jobs import job, training_set

PLAIN_SCRIPT = Path(__file__).with_name("plain_predict.py")
ROWS = 120


@pytest.fixture(scope="module")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture(scope="module")
def told() -> list[News]:
    return []


@pytest.fixture(scope="module")
def trained(artifacts: Path, told: list[News]) -> TrainedModel:
    return train_model(job(artifacts, members=10), training_set(ROWS), told.append)


@pytest.fixture(scope="module")
def manifest(artifacts: Path, trained: TrainedModel) -> ModelManifest:
    return decode_manifest((artifacts / trained.version / MANIFEST_FILE).read_bytes())


def test_a_version_has_exactly_the_files_that_its_manifest_names_with_their_hashes(
    artifacts: Path, trained: TrainedModel, manifest: ModelManifest
) -> None:
    folder = artifacts / trained.version

    assert {path.name for path in folder.iterdir()} == {*manifest.files, MANIFEST_FILE}
    assert set(manifest.files) == {
        WEIGHTS_FILE,
        SCALER_FILE,
        "ordersModelScaler.pkl",
        "READ_BEFORE_LOADING.txt",
        *(f"ordersModel_{index}.h5" for index in range(1, 11)),
    }
    for name, entry in manifest.files.items():
        assert file_entry((folder / name).read_bytes()) == entry
    assert hashlib.sha256((folder / MANIFEST_FILE).read_bytes()).hexdigest() == trained.manifest_sha256


def test_the_manifest_says_all_that_makes_the_model_again(trained: TrainedModel, manifest: ModelManifest) -> None:
    rows = training_set(ROWS)

    assert manifest.version == trained.version
    assert manifest.training_id == job(Path()).training_id
    assert manifest.recipe == msgspec.structs.replace(BASELINE, epochs=2)
    assert (manifest.seed, manifest.data) == (1, rows.data)
    assert (manifest.metrics, manifest.judgement) == (trained.metrics, trained.judgement)
    assert {"python", "tensorflow", "keras", "numpy", "scikit-learn"} <= manifest.libraries.keys()


def test_the_manifest_keeps_the_curves_of_the_networks_and_the_worst_rows(manifest: ModelManifest) -> None:
    tables = manifest.diagnostics
    assert tables is not None
    assert tables.curves.epochs == (1, 2)
    kept = [
        (losses[-1], watched[-1]) for losses, watched in zip(tables.curves.loss, tables.curves.val_loss, strict=True)
    ]
    np.testing.assert_allclose(
        np.array(kept, np.float64), [(member.loss, member.val_loss) for member in manifest.metrics.members], rtol=1e-5
    )
    assert manifest.judgement is not None
    assert len(tables.collapsed) == manifest.judgement.collapsed_members
    assert sum(group.rows for group in tables.residuals) == manifest.metrics.holdout_rows
    assert [row.share for row in tables.influential] == sorted((row.share for row in tables.influential), reverse=True)


def test_which_networks_answer_a_constant_is_told_from_the_first_epoch_to_what_the_version_says(
    manifest: ModelManifest, told: list[News]
) -> None:
    assert manifest.diagnostics is not None
    looks = [news for news in told if isinstance(news, NetworksLooked)]
    assert (looks[0].question, looks[0].epoch) == ("views", 1)
    assert looks[-1].collapsed == manifest.diagnostics.collapsed
    assert all(look.collapsed != before.collapsed for before, look in pairwise(looks))
    assert [news.epoch for news in told if isinstance(news, EpochLosses)] == [1, 2]


def test_the_scaler_is_fitted_on_the_whole_input(artifacts: Path, trained: TrainedModel) -> None:
    scaler = msgspec.json.decode((artifacts / trained.version / SCALER_FILE).read_bytes(), type=Scaler)
    view_counts = training_set(ROWS).view_counts

    assert scaler.n == ROWS
    assert scaler.mean == pytest.approx(view_counts.mean(), rel=1e-6)
    assert scaler.scale == pytest.approx(view_counts.std(), rel=1e-6)


def test_a_plain_script_with_the_exported_files_gives_the_same_number(
    artifacts: Path, trained: TrainedModel, manifest: ModelManifest
) -> None:
    asked = [0, 1, 1_000, 5_500, 9_999, 250_000]
    folder = artifacts / trained.version
    weights = stack_weights(manifest.recipe.layers, 10, load((folder / WEIGHTS_FILE).read_bytes()))
    scaler = msgspec.json.decode((folder / SCALER_FILE).read_bytes(), type=Scaler)

    ours = Ensemble(weights, scaler).answer(asked).mean(axis=0)
    script = [sys.executable, str(PLAIN_SCRIPT), str(folder), "10", *map(str, asked)]
    printed = subprocess.run(script, capture_output=True, text=True, check=True, env=dict(os.environ)).stdout

    np.testing.assert_allclose(ours, [float(line) for line in printed.split()], rtol=1e-4)


def test_one_that_is_not_to_be_published_says_so_and_why_it_might_have_been(tmp_path: Path) -> None:
    asked = msgspec.structs.replace(job(tmp_path), publish="never")
    kept_back = train_model(asked, training_set(ROWS), lambda _: None)
    assert (kept_back.verdict, kept_back.reason) == ("not published, as asked", kept_back.judgement.reason)


def test_too_few_rows_are_refused_before_anything_is_trained_or_written(tmp_path: Path) -> None:
    with pytest.raises(UnusableTrainingSet, match="3 rows are too few"):
        train_model(job(tmp_path), training_set(3), lambda _: None)
    assert list(tmp_path.iterdir()) == []


def test_the_fewest_rows_that_can_be_split_give_a_model(tmp_path: Path) -> None:
    told: list[News] = []

    trained = train_model(job(tmp_path, members=1, epochs=1), training_set(4), told.append)

    assert [type(news) for news in told] == [EpochLosses, NetworksLooked]
    assert (tmp_path / trained.version / MANIFEST_FILE).is_file()


def test_on_a_signal_the_ensemble_beats_the_straight_line(tmp_path: Path) -> None:
    # With fewer rows or epochs the recipe's networks do not get past the mean: they are deep, narrow and mostly dropped.
    trained = train_model(job(tmp_path, members=5, epochs=100), training_set(2_500, "signal"), lambda _: None)

    assert trained.metrics.beats_line
    assert trained.metrics.beats_mean
    assert trained.metrics.ensemble.mse < 0.8 * trained.metrics.line.mse
    assert trained.judgement.quality == "better than the mean"


def test_on_uniform_views_the_ensemble_is_no_better_than_the_mean_by_more_than_luck(tmp_path: Path) -> None:
    trained = train_model(job(tmp_path, members=5, epochs=30), training_set(700), lambda _: None)

    metrics = trained.metrics
    assert metrics.ensemble.mse > 0.9 * metrics.mean.mse
    assert metrics.beats_mean == (metrics.ensemble.mse < metrics.mean.mse)
    assert trained.judgement.quality != "better than the mean"
    assert trained.judgement.collapsed_members > 0
