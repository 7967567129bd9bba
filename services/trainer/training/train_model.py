"""One training from rows to a version on disk: split, scale, fit, judge, gate, write. It runs in the training process."""

from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from sklearn.preprocessing import StandardScaler

from ordercast.contracts.demand_manifest import Verdict
from ordercast.contracts.diagnostics import Diagnostics, InfluentialRow
from ordercast.contracts.ensemble_forward import Ensemble, WeightsError, stack_weights
from ordercast.contracts.model_manifest import (
    SCALER_FILE,
    WEIGHTS_FILE,
    Judgement,
    ModelManifest,
    Scaler,
    file_entry,
    new_version,
)
from ordercast.services.trainer.errors import ModelRefused
from ordercast.services.trainer.judging.scores import influential_rows
from ordercast.services.trainer.networks.fit import EnsembleFit, EpochLosses, NetworksLooked, OnNews, TrainedEnsemble
from ordercast.services.trainer.training.diagnose import MOST_ROWS, curves_of_epochs, residuals, rounded
from ordercast.services.trainer.training.evaluate import evaluate, refuse_diverged_model
from ordercast.services.trainer.training.export_keras import export_keras
from ordercast.services.trainer.training.judge_ensemble import collapsed_members, judge_ensemble, probes_of
from ordercast.services.trainer.training.made_with import made_with
from ordercast.services.trainer.training.messages import Made, TrainedModel, TrainingJob
from ordercast.services.trainer.training.split_rows import Split, split_rows
from ordercast.services.trainer.training.tensors import tensors
from ordercast.services.trainer.training.training_set import TrainingSet
from ordercast.services.trainer.training.write_version import write_version

# What its one question is called beside those of `demand`.
VIEWS: Final = "views"
LIBRARIES: Final = ("h5py", "joblib", "keras", "numpy", "safetensors", "scikit-learn", "tensorflow")


def train_model(job: TrainingJob, rows: TrainingSet, on_news: OnNews) -> TrainedModel:
    """Train, judge and write one version.

    Raises:
        UnusableTrainingSet: the rows are too few to split.
        ModelRefused: the model did not pass the gate; nothing was written.
        ClusterFailed: with a Dask scheduler; the cluster did not train it.
    """
    recipe = job.recipe
    split = split_rows(len(rows.view_counts), recipe)
    fitted = StandardScaler()
    # float32, as the plain script scales: so the numbers that the networks see are the same to the last bit.
    inputs = fitted.fit_transform(rows.view_counts.astype(np.float32)[:, None])[:, 0]
    targets = rows.quantities.astype(np.float32)
    probes = fitted.transform(probes_of(rows.view_counts).astype(np.float32)[:, None])[:, 0]
    told = _Told(on_news)
    fit = EnsembleFit(recipe, job.seed, inputs[split.train], targets[split.train], split.learned, probes)
    trained = _train(job, fit, told.epoch)
    scaler = Scaler(float(fitted.mean_[0]), float(fitted.scale_[0]), len(inputs))

    try:
        weights = stack_weights(recipe.layers, recipe.members, trained.arrays)
    except WeightsError as error:
        raise ModelRefused(f"not published: {error}") from error
    train, test = ((rows.view_counts[part], rows.quantities[part]) for part in (split.train, split.test))
    ensemble = Ensemble(weights, scaler)
    metrics = evaluate(ensemble.answer(test[0]), trained.loss, trained.val_loss, train, test)
    refuse_diverged_model(metrics, rows.quantities)
    judgement = judge_ensemble(ensemble, rows, split)
    diagnostics = _diagnostics(ensemble, told.epochs, rows, split)
    told.look(recipe.epochs, diagnostics.collapsed)  # what the version says

    manifest = ModelManifest(
        version=new_version(),
        training_id=job.training_id,
        created_at=datetime.now(UTC),
        recipe=recipe,
        seed=job.seed,
        data=rows.data,
        metrics=metrics,
        libraries=made_with(LIBRARIES),
        files={},
        judgement=judgement,
        diagnostics=diagnostics,
    )
    contents = {WEIGHTS_FILE: tensors(trained.arrays), SCALER_FILE: msgspec.json.encode(scaler)}
    export = partial(export_keras, recipe=recipe, arrays=trained.arrays, scaler=fitted)
    manifest_sha256 = write_version(Path(job.artifacts_dir), manifest, contents, export)
    made = Made(
        rows.data.digest,
        rows.data.rows,
        {name: file_entry(content).sha256 for name, content in contents.items()},
        manifest.libraries,
    )
    return TrainedModel(manifest.version, manifest_sha256, metrics, judgement, made, *_verdict(job, judgement))


class _Told:
    """Keeps the epochs, and tells which networks answer a constant whenever it is others than before."""

    def __init__(self, on_news: OnNews) -> None:
        self.epochs: list[EpochLosses] = []
        self._on_news = on_news
        self._collapsed: tuple[int, ...] | None = None

    def epoch(self, losses: EpochLosses) -> None:
        self.epochs.append(losses)
        self._on_news(losses)
        self.look(losses.epoch, tuple(np.flatnonzero(losses.constant).tolist()))

    def look(self, epoch: int, collapsed: tuple[int, ...]) -> None:
        if collapsed != self._collapsed:
            self._collapsed = collapsed
            self._on_news(NetworksLooked(VIEWS, epoch, collapsed))


def _diagnostics(ensemble: Ensemble, epochs: list[EpochLosses], rows: TrainingSet, split: Split) -> Diagnostics:
    answer = ensemble.answer(rows.view_counts[split.test]).mean(axis=0, dtype=np.float64)
    target, accounts = rows.quantities[split.test].astype(np.int64), rows.account_ids[split.test]
    return Diagnostics(
        curves=curves_of_epochs(epochs),
        collapsed=collapsed_members(ensemble, rows.view_counts),
        residuals=residuals(answer, target),
        influential=tuple(
            InfluentialRow(row.target, rounded(row.answer), rounded(row.share), account_id=int(accounts[row.row]))
            for row in influential_rows(answer, target, MOST_ROWS)
        ),
    )


def _verdict(job: TrainingJob, judgement: Judgement) -> tuple[Verdict, str]:
    """`baseline` was asked for as "serve the latest", so without a word it is published, whatever it is worth."""
    if job.publish == "never":
        return "not published, as asked", judgement.reason
    if job.publish == "if-better" and judgement.quality != "better than the mean":
        return "rejected", f"{judgement.quality}: {judgement.reason}"
    return "published", judgement.reason


def _train(job: TrainingJob, fit: EnsembleFit, on_epoch: Callable[[EpochLosses], None]) -> TrainedEnsemble:
    """On this machine or on the workers of a Dask cluster: the same networks either way."""
    if job.dask_scheduler is None:
        from ordercast.services.trainer.networks.ensemble import train_ensemble

        return train_ensemble(fit, on_epoch, threads=job.threads)
    from ordercast.services.trainer.cluster.train_on_dask import train_on_dask

    return train_on_dask(fit, job.dask_scheduler, on_epoch)
