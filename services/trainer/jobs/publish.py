"""Publishes a version whose files are all on disk: its row, in the transaction that ends the training. The event comes after."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import msgspec

from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.trainer.jobs.lease import Lease, Outcome
from ordercast.services.trainer.training.messages import TrainedModel


async def publish(lease: Lease, trained: TrainedModel, artifacts: Path, stopping: asyncio.Event) -> Outcome:
    """Ends the training as succeeded. The files of a training that was lost meanwhile go again."""
    told: dict[str, Any] = msgspec.to_builtins({"metrics": trained.metrics, "judgement": trained.judgement})
    model = ModelVersion(
        version=trained.version,
        training_id=lease.training.id,
        recipe=lease.training.recipe,
        manifest_sha256=trained.manifest_sha256,
    )
    outcome = await lease.finish("succeeded", stopping, model=model, model_version=trained.version, **told)
    if outcome != "succeeded":
        await discard(artifacts, trained)
    return outcome


async def discard(artifacts: Path, trained: TrainedModel) -> None:
    """Removes a version that is not to be published."""
    await asyncio.to_thread(shutil.rmtree, artifacts / trained.version, ignore_errors=True)
