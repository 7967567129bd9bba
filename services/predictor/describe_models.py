"""Published versions with what their manifests say of their trainings."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import structlog

from ordercast.contracts.model_manifest import ModelManifest
from ordercast.services.predictor.errors import ModelRefused
from ordercast.services.predictor.load_model import read_manifest
from ordercast.services.shared.db.models import ModelVersion

log = structlog.stdlib.get_logger()


async def read_manifests(artifacts: Path, records: Sequence[ModelVersion]) -> list[ModelManifest | None]:
    """The manifest of each version; None where its folder is gone or damaged."""
    return await asyncio.to_thread(lambda: [_manifest(artifacts, record) for record in records])


def _manifest(artifacts: Path, record: ModelVersion) -> ModelManifest | None:
    try:
        return read_manifest(artifacts, record.version, record.manifest_sha256)
    except ModelRefused as refusal:
        log.debug("a version cannot be described", version=record.version, reason=str(refusal))
        return None
