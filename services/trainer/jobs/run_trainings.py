"""Works off the trainings, one at a time: claim (`lease`), work (`train_claimed`), `publish`.

The job table decides what is so. A trainer that is killed finds its training there when it starts again; one that was held up
for longer than its lease finds that another has claimed it, and drops its own result.
"""

import asyncio
import time
from typing import Any, Final

import msgspec
import structlog
from opentelemetry.trace import SpanKind, StatusCode

from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.repeat import repeat
from ordercast.services.shared.telemetry.metrics import TRAINING_PROGRESS, TRAINING_SECONDS, TRAININGS
from ordercast.services.shared.telemetry.tracing import Operation, current_span, spans
from ordercast.services.trainer.cluster.ask_scheduler import ask_scheduler
from ordercast.services.trainer.errors import ClusterFailed, PermanentError, TrainerError, TransientError
from ordercast.services.trainer.jobs.announce_models import AnnounceModels
from ordercast.services.trainer.jobs.lease import Interrupted, Lease, Outcome, claim_next
from ordercast.services.trainer.jobs.publish import publish
from ordercast.services.trainer.jobs.tables import Training
from ordercast.services.trainer.jobs.train_claimed import TrainerOptions, train_claimed
from ordercast.services.trainer.jobs.trainings import FINISHED, MAX_ATTEMPTS

log = structlog.stdlib.get_logger()

# Between two looks (s) at an empty queue.
IDLE_S: Final = 0.25
# Between two tries (s) while the cluster is away.
RETRY_S: Final = 1.0

for _status in FINISHED:  # from 0: a counter that comes into being at its first count shows no increase
    TRAININGS.labels(_status)


class RunTrainings:
    """The trainer's loop."""

    def __init__(self, sessions: Sessions, announce: AnnounceModels, options: TrainerOptions) -> None:
        self._sessions = sessions
        self._announce = announce
        self._options = options
        self._cluster: str | None = None  # why it failed, until it answers again

    async def check_cluster(self) -> None:
        """For /readyz. Raises ClusterFailed while trainings wait for the cluster's scheduler."""
        if self._cluster is not None:
            raise ClusterFailed(self._cluster)

    async def run(self, stopping: asyncio.Event) -> None:
        """Works until `stopping` is set; a training in hand then goes back into the queue."""

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
                log.warning("trainings wait for the Dask cluster", cause=str(error))
            self._cluster = str(error)
            return False
        self._cluster = None
        return True

    async def run_next(self, stopping: asyncio.Event) -> bool:
        """Works on the next training, if there is one."""
        lease = await claim_next(self._sessions, self._options.owner)
        if lease is None:
            return False
        training = lease.training
        with spans((_operation(training), [training.traceparent])):
            began = time.monotonic()
            log.info("training", training=str(training.id), recipe=training.recipe, attempt=training.attempts)
            outcome = await self._work(lease, stopping)
            if outcome == "succeeded":
                self._announce.look()
            _record(training, outcome, time.monotonic() - began)
        return True

    async def _work(self, lease: Lease, stopping: asyncio.Event) -> Outcome:
        """How the training ended, or stands in the queue again."""
        attempts = lease.training.attempts
        try:
            trained = await train_claimed(lease, self._sessions, self._options, stopping)
            return await publish(lease, trained, self._options.artifacts, stopping, self._options.signing_key)
        except PermanentError as error:
            return await lease.finish("failed", stopping, error=str(error), because=_told(error))
        except TransientError as error:
            again = attempts < MAX_ATTEMPTS
            self._cluster = str(error)
            log.warning("training broke off", training=str(lease.training.id), reason=str(error), again=again)
            if again:
                return await lease.finish("queued", stopping, error=None)
            return await lease.finish("failed", stopping, error=str(error), because=_told(error))
        except Interrupted as interrupted:
            if interrupted.why == "cancel":
                return await lease.finish("cancelled", stopping)
            if interrupted.why == "stop":
                return await lease.finish("queued", stopping, attempts=attempts - 1)  # a stop is no failure
            return interrupted.why


def _told(error: TrainerError) -> dict[str, Any] | None:
    """Why it failed, as data."""
    return msgspec.to_builtins(error.because) if error.because else None


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


def _record(training: Training, outcome: Outcome, seconds: float) -> None:
    """Log, metrics and span of a training that ended here."""
    TRAINING_PROGRESS.set(0)
    log.info("training ended", training=str(training.id), status=outcome, seconds=round(seconds, 1))
    if outcome in FINISHED:
        TRAININGS.labels(outcome).inc()
        TRAINING_SECONDS.observe(seconds)
    current_span().set_attribute("ordercast.training.status", outcome)
    if outcome == "failed":
        current_span().set_status(StatusCode.ERROR)
