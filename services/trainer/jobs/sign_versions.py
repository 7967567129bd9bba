"""Signs model versions: the trainer's own when they are published, and on an operator's word those from before there was a key."""

import hashlib
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select, update

from ordercast.contracts.model_manifest import MANIFEST_FILE
from ordercast.contracts.model_signature import encode_signature, signed_text
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.models import ModelVersion


@dataclass(frozen=True, slots=True)
class Signed:
    """A version, and why it was not signed if it was not."""

    version: str
    recipe: str
    refused: str | None


def signature_of(key: Ed25519PrivateKey | None, recipe: str, version: str, manifest_sha256: str) -> str | None:
    """As the record keeps it; None without a key."""
    return encode_signature(key.sign(signed_text(recipe, version, manifest_sha256))) if key else None


async def sign_versions(
    sessions: Sessions, artifacts: Path, key: Ed25519PrivateKey, versions: Collection[str] = ()
) -> AsyncIterator[Signed]:
    """Signs these versions anew; without any, all that have no signature. The newest first, each committed by itself.

    Refused are those whose manifest on disk is not the one that was recorded.
    """
    query = select(ModelVersion).order_by(ModelVersion.version.desc())
    chosen = ModelVersion.version.in_(versions) if versions else ModelVersion.manifest_signature.is_(None)
    async with sessions() as session:
        records = (await session.scalars(query.where(chosen))).all()
    for record in records:
        refused = _damage(artifacts / record.version / MANIFEST_FILE, record.manifest_sha256)
        if refused is None:
            signature = signature_of(key, record.recipe, record.version, record.manifest_sha256)
            async with sessions() as session, session.begin():
                of_this = update(ModelVersion).where(ModelVersion.version == record.version)
                await session.execute(of_this.values(manifest_signature=signature))
        yield Signed(record.version, record.recipe, refused)
    for missing in sorted(set(versions) - {record.version for record in records}):
        yield Signed(missing, "", "it was never published")


def _damage(manifest: Path, sha256: str) -> str | None:
    try:
        found = hashlib.sha256(manifest.read_bytes()).hexdigest()
    except OSError as error:
        return f"{MANIFEST_FILE} cannot be read: {error.strerror or error}"
    return None if found == sha256 else f"{MANIFEST_FILE} does not have the SHA-256 that was published"
