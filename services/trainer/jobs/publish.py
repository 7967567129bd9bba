"""Publishes a version whose files are all on disk, if that is its verdict: its row, in the transaction that ends the training.

The event comes after.
"""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.trainer.jobs.lease import Lease, Outcome
from ordercast.services.trainer.jobs.sign_versions import signature_of
from ordercast.services.trainer.training.messages import TrainedDemand, TrainedModel


async def publish(
    lease: Lease,
    trained: TrainedModel | TrainedDemand,
    artifacts: Path,
    stopping: asyncio.Event,
    key: Ed25519PrivateKey | None = None,
) -> Outcome:
    """Ends the training as succeeded. Files that nobody is to serve go again: of no published version, or of a lost training."""
    model = None
    # What is published is on disk, and has both.
    if trained.verdict == "published" and trained.version and trained.manifest_sha256:
        model = ModelVersion(
            version=trained.version,
            training_id=lease.training.id,
            recipe=lease.training.serves,
            manifest_sha256=trained.manifest_sha256,
            manifest_signature=signature_of(key, lease.training.serves, trained.version, trained.manifest_sha256),
        )
    told = _told(trained) | {"model_version": model.version if model else None}
    outcome = await lease.finish("succeeded", stopping, model=model, **told)
    if outcome != "succeeded" or model is None:
        await discard(artifacts, trained)
    return outcome


def _told(trained: TrainedModel | TrainedDemand) -> dict[str, Any]:
    """What the training says of its model."""
    verdict = {
        "verdict": trained.verdict,
        "verdict_reason": trained.reason,
        "made": msgspec.to_builtins(trained.made),
    }
    if isinstance(trained, TrainedDemand):
        told = {"questions": trained.questions, "because": trained.because}
        return verdict | dict(msgspec.to_builtins(told))
    return verdict | dict(msgspec.to_builtins({"metrics": trained.metrics, "judgement": trained.judgement}))


async def discard(artifacts: Path, trained: TrainedModel | TrainedDemand) -> None:
    """Removes a version that is not to be published."""
    if trained.version is not None:
        await asyncio.to_thread(shutil.rmtree, artifacts / trained.version, ignore_errors=True)
