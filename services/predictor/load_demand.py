"""Makes a version of `demand` ready to answer."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ordercast.contracts.demand_manifest import decode_demand_manifest
from ordercast.services.predictor.errors import ModelRefused
from ordercast.services.predictor.model_slot import ServedDemand
from ordercast.services.predictor.version_folder import read_version
from ordercast.services.shared.demand.conformal import DEFAULT_LEVEL
from ordercast.services.shared.demand.demand_model import DemandModel
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, PRODUCT_FEATURES
from ordercast.services.shared.demand.load_demand_model import ModelDamaged, demand_model


def load_demand(artifacts: Path, version: str, manifest_sha256: str) -> ServedDemand:
    """Verifies, parses and warms one version. It reads files and computes: call it in a thread.

    Raises:
        ModelRefused: anything is missing, damaged, too much, or not what the record says.
    """
    manifest, contents = read_version(artifacts, version, manifest_sha256, decode_demand_manifest)
    try:
        model = demand_model(manifest, contents)
        _warm(model, manifest.weeks)
    except ValueError as error:  # a calibration may lack the level
        kind = "" if isinstance(error, ModelDamaged) else "it cannot answer: "
        raise ModelRefused(f"{kind}{error}") from error
    return ServedDemand(manifest, manifest_sha256, model, datetime.now(UTC))


def _warm(model: DemandModel, weeks: int) -> None:
    """First answers of each question, so that no client gets what is no number."""
    pairs, products = np.zeros((2, len(PAIR_FEATURES))), np.zeros((2, len(PRODUCT_FEATURES)))
    with np.errstate(all="ignore"):
        said = (
            model.pairs(pairs, DEFAULT_LEVEL).expected,
            model.lines(pairs, DEFAULT_LEVEL).expected,
            model.products(products, weeks, DEFAULT_LEVEL).expected,
        )
    if not all(np.isfinite(expected).all() for expected in said):
        raise ModelRefused("the networks answer with a number that is not finite")
