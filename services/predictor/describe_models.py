"""Published versions with what their manifests say of their trainings."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog

from ordercast.contracts.demand_manifest import DemandManifest, decode_demand_manifest
from ordercast.contracts.model_manifest import ModelManifest, decode_manifest
from ordercast.services.predictor.errors import ModelRefused
from ordercast.services.predictor.version_folder import Decode, read_manifest
from ordercast.services.shared.db.models import ModelVersion

log = structlog.stdlib.get_logger()

AnyManifest = ModelManifest | DemandManifest
DECODERS: Final[dict[str, Decode[AnyManifest]]] = {"baseline": decode_manifest, "demand": decode_demand_manifest}


async def read_manifests(artifacts: Path, records: Sequence[ModelVersion]) -> list[AnyManifest | None]:
    """The manifest of each version; None where its folder is gone or damaged."""
    return await asyncio.to_thread(lambda: [_manifest(artifacts, record) for record in records])


def without_ids(manifest: AnyManifest) -> AnyManifest:
    """The manifest for those who must not know whose rows were held out."""
    if isinstance(manifest, DemandManifest):
        tables = {question: one.without_ids() for question, one in manifest.diagnostics.items()}
        return msgspec.structs.replace(manifest, diagnostics=tables)
    diagnostics = manifest.diagnostics.without_ids() if manifest.diagnostics else None
    return msgspec.structs.replace(manifest, diagnostics=diagnostics)


def _manifest(artifacts: Path, record: ModelVersion) -> AnyManifest | None:
    decode = DECODERS.get(record.recipe)
    if decode is None:  # of a recipe that another release has
        return None
    try:
        return read_manifest(artifacts, record.version, record.manifest_sha256, decode)
    except ModelRefused as refusal:
        log.debug("a version cannot be described", version=record.version, reason=str(refusal))
        return None
