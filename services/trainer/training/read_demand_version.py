"""The version that serves, to judge a new one beside it."""

from pathlib import Path

from ordercast.contracts.demand_manifest import DemandManifest, decode_demand_manifest
from ordercast.contracts.model_manifest import MANIFEST_FILE, ManifestError
from ordercast.services.shared.demand.demand_model import DemandModel
from ordercast.services.shared.demand.load_demand_model import ModelDamaged, demand_model


def read_demand_version(artifacts: Path, version: str) -> tuple[DemandManifest, DemandModel] | None:
    """None where its files are gone or damaged: the predictor says so, and a new version is judged without it."""
    folder = artifacts / version
    try:
        manifest = decode_demand_manifest((folder / MANIFEST_FILE).read_bytes())
        return manifest, demand_model(manifest, {name: (folder / name).read_bytes() for name in manifest.files})
    except (OSError, ManifestError, ModelDamaged):
        return None
