"""Makes a version of `baseline` ready to answer."""

import math
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import msgspec
import numpy as np
from safetensors import SafetensorError
from safetensors import numpy as safetensors

from ordercast.contracts.ensemble_forward import Ensemble, WeightsError, stack_weights
from ordercast.contracts.model_manifest import SCALER_FILE, WEIGHTS_FILE, ModelManifest, Scaler, decode_manifest
from ordercast.first_line import first_line
from ordercast.services.predictor.errors import ModelRefused
from ordercast.services.predictor.model_slot import ServedModel
from ordercast.services.predictor.version_folder import read_version

# View counts for the first forward passes: the two ends of what clients may ask, and some between.
MAX_VIEW_COUNT: Final = 10**12
WARM_VIEW_COUNTS: Final = (0, 1, 1_000, 5_500, 10_000, MAX_VIEW_COUNT)


def load_model(artifacts: Path, version: str, manifest_sha256: str) -> ServedModel:
    """Verifies, parses and warms one version. It reads files and computes: call it in a thread.

    Raises:
        ModelRefused: anything is missing, damaged, too much, or not what the record says.
    """
    manifest, contents = read_version(artifacts, version, manifest_sha256, decode_manifest)
    ensemble = _ensemble(manifest, contents[WEIGHTS_FILE], contents[SCALER_FILE])
    _warm(ensemble)
    return ServedModel(manifest, manifest_sha256, ensemble, datetime.now(UTC))


def _ensemble(manifest: ModelManifest, weights: bytes, scaler: bytes) -> Ensemble:
    try:
        arrays = safetensors.load(weights)
    except (SafetensorError, ValueError, KeyError) as error:
        raise ModelRefused(f"{WEIGHTS_FILE}: {first_line(error)}") from error
    try:
        stacked = stack_weights(manifest.recipe.layers, manifest.recipe.members, arrays)
    except WeightsError as error:
        raise ModelRefused(f"{WEIGHTS_FILE}: {error}") from error
    try:
        numbers = msgspec.json.decode(scaler, type=Scaler)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise ModelRefused(f"{SCALER_FILE}: {first_line(error)}") from error
    if not (math.isfinite(numbers.mean) and math.isfinite(numbers.scale) and numbers.scale > 0):
        raise ModelRefused(f"{SCALER_FILE}: mean {numbers.mean} and scale {numbers.scale} cannot scale anything")
    return Ensemble(stacked, numbers)


def _warm(ensemble: Ensemble) -> None:
    """Real forward passes, so that the first client does not pay for cold caches and no client gets an infinity."""
    with np.errstate(all="ignore"):
        if not np.isfinite(ensemble.answer(WARM_VIEW_COUNTS)).all():
            raise ModelRefused("the ensemble answers with a number that is not finite")
    for view_count in WARM_VIEW_COUNTS:
        ensemble.answer((view_count,))
