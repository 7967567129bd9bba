"""Works off the trainings, one at a time: claim, read the rows, train in a child process, publish, finish.

The job table decides what is so. A trainer that is killed finds its training there when it starts again; one that was held up
for longer than its lease finds that another has taken it, and drops its own result.
"""

import asyncio
import shutil
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

import msgspec
import structlog
from opentelemetry.trace import SpanKind, StatusCode
from sqlalchemy.exc import SQLAlchemyError

from ordercast.first_line import first_line
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.models import ModelVersion
from ordercast.services.shared.db.repeat import repeat
from ordercast.services.shared.db.unavailable import is_unavailable
from ordercast.services.shared.process.pause import pause
from ordercast.services.shared.telemetry.metrics import TRAINING_PROGRESS, TRAINING_ROWS, TRAINING_SECONDS, TRAININGS
from ordercast.services.shared.telemetry.tracing import Operation, current_span, spans
from ordercast.services.trainer.cluster.ask_scheduler import ask_scheduler
from ordercast.services.trainer.errors import ClusterFailed, PermanentError, TransientError
from ordercast.services.trainer.jobs import trainings
from ordercast.services.trainer.jobs.announce_models import AnnounceModels
from ordercast.services.trainer.jobs.read_training_set import read_training_set
from ordercast.services.trainer.jobs.tables import Training
from ordercast.services.trainer.jobs.train_in_child import train_in_child
from ordercast.services.trainer.networks.fit import EpochLosses
from ordercast.services.trainer.recipes import choose_recipe
from ordercast.services.trainer.training.messages import TrainedModel, TrainingJob

log = structlog.stdlib.get_logger()

# Between two looks (s) at an empty queue.
IDLE_S: Final = 0.25
# Between two renewals of the lease (s), each with the epochs since the last one: what watchers see is this old at most.
HEARTBEAT_S: Final = 0.5
# Between two tries (s) while the database is away.
RETRY_S: Final = 1.0


for _status in trainings.FINISHED:  # from 0: a counter that comes into being at its first count shows no increase
    TRAININGS.labels(_status)


class Interrupted(Exception):
    """The training goes no further here: it was cancelled, another trainer has it, or this one stops."""

    def __init__(self, why: Literal["cancel", "lost", "stop"]) -> None:
        super().__init__(why)
        self.why = why


@dataclass(frozen=True, slots=True)
class TrainerOptions:
    """`owner` names this trainer, the same after a restart; `threads` are the cores that a training may use.

    With `dask_scheduler` (tcp://host:port) that cluster trains.
    """

    artifacts: Path
    owner: str
    threads: int
    dask_scheduler: str | None = None


class RunTrainings:
    """The trainer's loop."""

    def __init__(self, sessions: Sessions, announce: AnnounceModels, options: TrainerOptions) -> None:
        self._sessions = sessions
        self._announce = announce
        self._options = options
        self._stopping = asyncio.Event()
        self._cluster: str | None = None  # why it failed, until it answers again

    async def check_cluster(self) -> None:
        """For /readyz. Raises ClusterFailed while trainings wait for the cluster's scheduler."""
        if self._cluster is not None:
            raise ClusterFailed(self._cluster)

    async def run(self, stopping: asyncio.Event) -> None:
        """Works until `stopping` is set; a training in hand then goes back into the queue."""
        self._stopping = stopping

        async def work() -> float:
            if not await self._cluster_answers():
                return RETRY_S
            return 0.0 if await self.run_next(stopping) else IDLE_S

        await repeat(work, stopping, name="run-trainings")

    async def _cluster_answers(self) -> bool:
        """Asked only after a failure: a cluster that is away shall cost a training one attempt, not all of them."""
        if self._options.dask_scheduler is None or self._cluster is None:
            return True
        try:
            await ask_scheduler(self._options.dask_scheduler)
        except ClusterFailed as error:
            if self._cluster != str(error):
                log.warning("trainings wait for the Dask cluster", reason=str(error))
            self._cluster = str(error)
            return False
        self._cluster = None
        return True

    async def run_next(self, stopping: asyncio.Event) -> bool:
        """Works on the next training, if there is one."""
        async with self._sessions() as session, session.begin():
            training = await trainings.claim(session, self._options.owner)
        if training is None:
            return False
        with spans((_operation(training), [training.traceparent])):
            await self._run_one(training, stopping)
        return True

    async def _run_one(self, training: Training, stopping: asyncio.Event) -> None:
        began = time.monotonic()
        log.info("training", training=str(training.id), recipe=training.recipe, attempt=training.attempts)
        status = await self._work(training, stopping)
        TRAINING_PROGRESS.set(0)
        log.info("training ended", training=str(training.id), status=status, seconds=round(time.monotonic() - began, 1))
        if status in trainings.FINISHED:
            TRAININGS.labels(status).inc()
            TRAINING_SECONDS.observe(time.monotonic() - began)
        current_span().set_attribute("ordercast.training.status", status)
        if status == "failed":
            current_span().set_status(StatusCode.ERROR)

    async def _work(self, training: Training, stopping: asyncio.Event) -> str:
        """What the training's status is afterwards; "lost" if it is no longer this trainer's."""
        try:
            return await self._publish(training, await self._train(training, stopping))
        except PermanentError as error:
            return await self._finish(training, "failed", error=str(error))
        except TransientError as error:
            again = training.attempts < trainings.MAX_ATTEMPTS
            self._cluster = str(error)
            log.warning("training broke off", training=str(training.id), reason=str(error), again=again)
            return await self._finish(training, "queued" if again else "failed", error=None if again else str(error))
        except Interrupted as interrupted:
            if interrupted.why == "cancel":
                return await self._finish(training, "cancelled")
            if interrupted.why == "stop":
                # A stop is no failure of the training's.
                return await self._finish(training, "queued", attempts=training.attempts - 1)
            return interrupted.why

    async def _train(self, training: Training, stopping: asyncio.Event) -> TrainedModel:
        if training.attempts > trainings.MAX_ATTEMPTS:
            raise PermanentError(f"the trainer died {trainings.MAX_ATTEMPTS} times while it worked on this")
        rows = await read_training_set(self._sessions)
        TRAINING_ROWS.set(rows.data.rows)
        epochs: list[EpochLosses] = []

        async def note(losses: EpochLosses) -> None:
            epochs.append(losses)
            current_span().add_event("epoch", {"ordercast.training.epoch": losses.epoch})
            TRAINING_PROGRESS.set(losses.epoch / training.epochs)

        child = asyncio.create_task(train_in_child(self._job(training), rows, note), name="train-in-child")
        try:
            await self._watch(training, child, epochs, stopping)
            return child.result()
        except Interrupted:
            if child.done() and not child.exception():  # it was ready in the same moment
                await self._discard(child.result())
            raise
        finally:
            child.cancel()
            await asyncio.gather(child, return_exceptions=True)

    async def _watch(
        self,
        training: Training,
        child: asyncio.Task[TrainedModel],
        epochs: list[EpochLosses],
        stopping: asyncio.Event,
    ) -> None:
        """Returns when the child is done; raises Interrupted when there is a reason to end it before."""
        while not child.done():
            await asyncio.wait([child], timeout=HEARTBEAT_S)
            await self._heartbeat(training, epochs)
            if stopping.is_set() and not child.done():
                raise Interrupted("stop")

    async def _discard(self, trained: TrainedModel) -> None:
        """Removes a version that is not to be published."""
        await asyncio.to_thread(shutil.rmtree, self._options.artifacts / trained.version, ignore_errors=True)

    def _job(self, training: Training) -> TrainingJob:
        return TrainingJob(
            training_id=str(training.id),
            recipe=choose_recipe(
                training.recipe, members=training.members, epochs=training.epochs, batch_size=training.batch_size
            ),
            seed=training.seed,
            artifacts_dir=str(self._options.artifacts),
            threads=self._options.threads,
            dask_scheduler=self._options.dask_scheduler,
        )

    async def _heartbeat(self, training: Training, epochs: list[EpochLosses]) -> None:
        """Renews the lease and writes the new epochs. A database that is away for a moment does not end a training."""
        noted = len(epochs)
        try:
            async with self._sessions() as session, session.begin():
                interruption = await trainings.renew(session, training, self._options.owner)
                if noted and interruption is None:
                    await trainings.note_epochs(session, training.id, epochs[:noted])
        except (SQLAlchemyError, OSError) as error:
            if not is_unavailable(error):
                raise
            log.warning("the lease was not renewed", training=str(training.id), reason=first_line(error))
            return
        del epochs[:noted]
        if interruption is not None:
            raise Interrupted(interruption)

    async def _publish(self, training: Training, trained: TrainedModel) -> str:
        """All files are on disk: now the row, and then the event. Files of a training that was lost go again."""
        metrics: dict[str, Any] = msgspec.to_builtins(trained.metrics)
        model = ModelVersion(
            version=trained.version,
            training_id=training.id,
            recipe=training.recipe,
            manifest_sha256=trained.manifest_sha256,
        )
        status = await self._finish(training, "succeeded", model=model, metrics=metrics, model_version=trained.version)
        if status == "succeeded":
            self._announce.look()
        else:
            await self._discard(trained)
        return status

    async def _finish(
        self, training: Training, status: str, *, model: ModelVersion | None = None, **values: object
    ) -> str:
        """Writes how it ended, with the model's row if there is one, as soon as the database is there."""
        while True:
            try:
                async with self._sessions() as session, session.begin():
                    if await trainings.finish(session, training, self._options.owner, status, **values):
                        session.add_all([model] if model is not None else [])
                        outcome = status
                    else:
                        # Another trainer has it; or it was ours after all, and only the commit's answer was lost.
                        now = await session.get_one(Training, training.id)
                        ours = model is not None and now.model_version == model.version
                        outcome = status if ours else "lost"
            except (SQLAlchemyError, OSError) as error:
                if not is_unavailable(error):
                    raise
                if self._stopping.is_set():
                    return "lost"  # the row stays this trainer's, and is found at its next start
                log.warning("the end of a training waits for the database", training=str(training.id))
                await pause(self._stopping, RETRY_S)
            else:
                return outcome


def _operation(training: Training) -> Operation:
    return Operation(
        "train",
        SpanKind.CONSUMER,
        {
            "ordercast.training.recipe": training.recipe,
            "ordercast.training.epochs": training.epochs,
            "ordercast.training.attempt": training.attempts,
        },
    )
