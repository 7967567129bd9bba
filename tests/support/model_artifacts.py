"""Writes small, real model versions without TensorFlow: the same files as the trainer's, from numpy alone."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
import numpy.typing as npt
from safetensors.numpy import save

from ordercast.contracts.ensemble_forward import bias_name, kernel_name
from ordercast.contracts.model_manifest import (
    MANIFEST_FILE,
    SCALER_FILE,
    WEIGHTS_FILE,
    Errors,
    Judgement,
    Layer,
    MemberMetrics,
    Metrics,
    ModelManifest,
    Quality,
    Recipe,
    Scaler,
    TopicPosition,
    TrainingData,
    encode_manifest,
    file_entry,
    new_version,
)

# Small enough that a test writes it in a millisecond, with each activation in it.
SMALL_LAYERS: Final = (Layer(8, "relu", 0.3), Layer(4, "tanh"), Layer(1, "linear"))
# The recipe `baseline`'s network, for what is measured.
BASELINE_LAYERS: Final = (
    Layer(128, "relu", 0.3),
    *(Layer(units, activation, 0.2) for units in (64, 32, 16, 8, 4) for activation in ("relu", "tanh")),
    Layer(2, "relu"),
    Layer(2, "tanh"),
    Layer(1, "linear"),
)
SCALER: Final = Scaler(mean=5500.0, scale=2600.0, n=100)

Arrays = dict[str, npt.NDArray[np.generic]]


@dataclass(frozen=True, slots=True)
class WrittenModel:
    """A version on disk, with what the record and the event say of it."""

    folder: Path
    manifest: ModelManifest
    manifest_sha256: str
    arrays: Arrays

    @property
    def version(self) -> str:
        return self.manifest.version


def random_arrays(layers: Sequence[Layer], members: int, seed: int) -> Arrays:
    """Weights that let a signal through all layers, so that view counts make a difference to the answer."""
    random = np.random.default_rng(seed)
    arrays: Arrays = {}
    inputs = 1
    for index, layer in enumerate(layers):
        kernel = random.normal(0, (2 / inputs) ** 0.5, (members, inputs, layer.units))
        arrays[kernel_name(index)] = kernel.astype(np.float32)
        arrays[bias_name(index)] = random.normal(0.2, 0.1, (members, layer.units)).astype(np.float32)
        inputs = layer.units
    return arrays


def constant_arrays(layers: Sequence[Layer], members: int, quantity: float) -> Arrays:
    """Weights whose every member answers `quantity`, whatever the views: the answer tells which version gave it."""
    arrays: Arrays = {name: np.zeros_like(array) for name, array in random_arrays(layers, members, 0).items()}
    arrays[bias_name(len(layers) - 1)] = np.full((members, 1), quantity, dtype=np.float32)
    return arrays


def write_model(
    artifacts: Path,
    *,
    version: str | None = None,
    quantity: float | None = None,
    seed: int = 0,
    layers: Sequence[Layer] = SMALL_LAYERS,
    members: int = 10,
    arrays: Arrays | None = None,
    scaler: bytes | None = None,
    judgement: Judgement | None = None,
) -> WrittenModel:
    """Writes a whole and consistent version folder; what differs from a good model is the caller's doing.

    With `quantity` the model answers that constant, otherwise it is random by `seed`.
    """
    if arrays is None:
        arrays = (
            random_arrays(layers, members, seed) if quantity is None else constant_arrays(layers, members, quantity)
        )
    files = {
        WEIGHTS_FILE: save({name: np.ascontiguousarray(array) for name, array in arrays.items()}),
        SCALER_FILE: msgspec.json.encode(SCALER) if scaler is None else scaler,
        "ordersModel_1.h5": b"\x89HDF plain scripts read this",
        "ordersModelScaler.pkl": b"and this",
    }
    manifest = ModelManifest(
        version=version or new_version(),
        training_id="01940000-0000-7000-8000-000000000000",
        created_at=datetime.now(UTC),
        recipe=_recipe(layers, members),
        seed=seed,
        data=TrainingData(100, "0" * 64, (TopicPosition("orders", 0, 100),)),
        metrics=_metrics(members),
        libraries={"numpy": np.__version__},
        files={name: file_entry(content) for name, content in files.items()},
        judgement=judgement,
    )
    folder = artifacts / manifest.version
    folder.mkdir(parents=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)
    return WrittenModel(folder, manifest, write_manifest(folder, manifest), arrays)


def write_manifest(folder: Path, manifest: ModelManifest) -> str:
    """Writes manifest.json; returns the hash that the record and the event give for it."""
    raw = encode_manifest(manifest)
    (folder / MANIFEST_FILE).write_bytes(raw)
    return hashlib.sha256(raw).hexdigest()


def judgement(quality: Quality, collapsed_members: int = 0) -> Judgement:
    return Judgement(quality, f"{quality}, as the test says", collapsed_members, 1.0, 1.0, 0.0, -0.1, 0.1, 10.0)


def _recipe(layers: Sequence[Layer], members: int) -> Recipe:
    return Recipe(
        name="baseline",
        layers=tuple(layers),
        members=members,
        epochs=1,
        batch_size=32,
        learning_rate=0.001,
        test_size=0.2,
        split_seed=42,
        validation_split=0.2,
    )


def _metrics(members: int) -> Metrics:
    errors = Errors(mse=4.0, mae=1.6)
    return Metrics(
        holdout_rows=20,
        ensemble=errors,
        mean=errors,
        line=errors,
        members=(MemberMetrics(errors, 4.1, 4.2),) * members,
        beats_mean=False,
        beats_line=False,
    )
