"""The work on a claimed training: wait for its rows, read them, have a child process train, and keep the lease meanwhile."""

import asyncio
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
import structlog
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ordercast.contracts.because import because
from ordercast.contracts.demand_manifest import DEFAULT_HORIZON, DEMAND
from ordercast.contracts.demand_settings import DemandSettings
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.models import serving_version
from ordercast.services.shared.telemetry.metrics import TRAINING_PROGRESS, TRAINING_ROWS
from ordercast.services.shared.telemetry.tracing import current_span
from ordercast.services.trainer.demand_recipes import DEMAND_SETTINGS
from ordercast.services.trainer.errors import PermanentError
from ordercast.services.trainer.jobs.answers import all_epochs
from ordercast.services.trainer.jobs.lease import Interrupted, Lease
from ordercast.services.trainer.jobs.publish import discard
from ordercast.services.trainer.jobs.read_demand_rows import read_demand_rows
from ordercast.services.trainer.jobs.read_training_set import read_training_set
from ordercast.services.trainer.jobs.tables import Training
from ordercast.services.trainer.jobs.train_in_child import train_in_child
from ordercast.services.trainer.jobs.trainings import MAX_ATTEMPTS
from ordercast.services.trainer.jobs.wait_for_worker import wait_for_worker
from ordercast.services.trainer.networks.fit import EpochLosses, NetworksLooked, News
from ordercast.services.trainer.recipes import choose_recipe
from ordercast.services.trainer.training.demand_rows import DemandRows
from ordercast.services.trainer.training.messages import DemandJob, TrainedDemand, TrainedModel, TrainingJob
from ordercast.services.trainer.training.training_set import TrainingSet

log = structlog.stdlib.get_logger()

# Between two renewals of the lease (s), each with the epochs since the last one: what watchers see is this old at most.
HEARTBEAT_S: Final = 0.5


@dataclass(frozen=True, slots=True)
class TrainerOptions:
    """`owner` names this trainer, the same after a restart; `threads` are the cores that a training may use.

    With `dask_scheduler` (tcp://host:port) that cluster trains. Without a `signing_key` versions are not signed.
    """

    artifacts: Path
    owner: str
    threads: int
    dask_scheduler: str | None = None
    signing_key: Ed25519PrivateKey | None = None


async def train_claimed(
    lease: Lease, sessions: Sessions, options: TrainerOptions, stopping: asyncio.Event
) -> TrainedModel | TrainedDemand:
    """A version that is whole on disk, but not yet published.

    Raises:
        PermanentError: another attempt would fail in the same way.
        TransientError: another attempt may succeed.
        Interrupted: cancelled, lost, or `stopping` was set; nothing is left on disk.
    """
    training = lease.training
    if training.attempts > MAX_ATTEMPTS:
        told = because("trainer-died", times=MAX_ATTEMPTS)
        raise PermanentError(f"the trainer died {MAX_ATTEMPTS} times while it worked on this", told)
    await wait_for_worker(lease, sessions, stopping)
    job, rows = await _job(training, sessions, options)
    epochs: list[EpochLosses] = []
    networks: dict[str, NetworksLooked] = {}

    async def note(news: News) -> None:
        if isinstance(news, NetworksLooked):
            networks[news.question] = news
            return
        epochs.append(news)
        current_span().add_event("epoch", {"ordercast.training.epoch": news.epoch})
        TRAINING_PROGRESS.set(news.epoch / all_epochs(training))

    child = asyncio.create_task(train_in_child(job, rows, note), name="train-in-child")
    try:
        await _watch(lease, child, epochs, networks, stopping)
        return child.result()
    except Interrupted:
        if child.done() and not child.exception():  # it was ready in the same moment
            await discard(options.artifacts, child.result())
        raise
    finally:
        child.cancel()
        await asyncio.gather(child, return_exceptions=True)


async def _watch(
    lease: Lease,
    child: asyncio.Task[TrainedModel | TrainedDemand],
    epochs: list[EpochLosses],
    networks: dict[str, NetworksLooked],
    stopping: asyncio.Event,
) -> None:
    """Returns when the child is done; raises Interrupted when there is a reason to end it before."""
    while not child.done():
        await asyncio.wait([child], timeout=HEARTBEAT_S)
        await lease.renew(epochs, networks=networks)
        if stopping.is_set() and not child.done():
            raise Interrupted("stop")


async def _job(
    training: Training, sessions: Sessions, options: TrainerOptions
) -> tuple[TrainingJob, TrainingSet] | tuple[DemandJob, DemandRows]:
    """What is to be done, and the rows of this moment for it.

    Raises:
        UnusableTrainingSet: there are none, or they teach nothing.
    """
    if training.serves == DEMAND:
        if options.dask_scheduler is not None:
            log.info("demand trains on this machine and not on the Dask cluster", training=str(training.id))
        rows = await read_demand_rows(sessions, training.until)
        TRAINING_ROWS.set(len(rows.columns["day"]))
        return _demand_job(training, await serving_version(sessions, DEMAND), options), rows
    examples = await read_training_set(sessions)
    TRAINING_ROWS.set(examples.data.rows)
    return _baseline_job(training, options), examples


def _demand_job(training: Training, serving: str | None, options: TrainerOptions) -> DemandJob:
    """It trains on this machine, whatever cluster there is: its networks are small, and take longer to send than to fit."""
    return DemandJob(
        training_id=str(training.id),
        members=training.members,
        epochs=training.epochs,
        batch_size=training.batch_size,
        seed=training.seed,
        horizon_days=training.horizon_days or DEFAULT_HORIZON,
        until=(training.until - date(1970, 1, 1)).days if training.until else None,
        publish=training.publish or "if-better",
        serving=serving,
        artifacts_dir=str(options.artifacts),
        threads=options.threads,
        recipe=msgspec.convert(training.settings, DemandSettings) if training.settings else DEMAND_SETTINGS,
    )


def _baseline_job(training: Training, options: TrainerOptions) -> TrainingJob:
    return TrainingJob(
        training_id=str(training.id),
        recipe=choose_recipe(
            training.recipe, members=training.members, epochs=training.epochs, batch_size=training.batch_size
        ),
        seed=training.seed,
        artifacts_dir=str(options.artifacts),
        threads=options.threads,
        dask_scheduler=options.dask_scheduler,
        publish=training.publish or "always",
    )
