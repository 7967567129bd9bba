"""Takes one training after the other from the queue and runs it to its end, whatever end that is."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import structlog
from sqlalchemy.exc import SQLAlchemyError

from services.shared.db.engine import Sessions
from services.shared.db.unavailable import is_unavailable
from services.shared.telemetry.metrics import TRAINING_ROWS, TRAINING_SECONDS, TRAININGS
from services.trainer.errors import PermanentError, TransientError
from services.trainer.live_trainings import LiveTraining, LiveTrainings
from services.trainer.read_training_set import read_training_set
from services.trainer.training_messages import EpochLosses, TrainedModel, TrainingJob
from services.trainer.training_queue import (
    LEASE,
    MAX_ATTEMPTS,
    ClaimedTraining,
    LeaseLost,
    claim_training,
    give_back,
    record_cancellation,
    record_failure,
    record_success,
    renew_lease,
)
from services.trainer.training_set import TrainingSet

log = structlog.stdlib.get_logger()

# A look into the queue without any signal (s): how late a training may be that another process has put there.
LOOK_EVERY_S: Final = 2.0
# Renewals of a lease (s), so that several can fail before it runs out; also how late a call-off may be heard.
HEARTBEAT_S: Final = 1.0

Train = Callable[[TrainingJob, TrainingSet, Callable[[EpochLosses], Awaitable[None]]], Awaitable[TrainedModel]]


class CalledOff(Exception):
    """Somebody cancelled the training."""


class Stopping(Exception):
    """The service is asked to stop."""


@dataclass(slots=True)
class TrainingRunner:
    """Runs trainings one at a time: a second one beside it would only slow both down.

    `published` is called after each new version, `artifacts_dir` is where versions go.
    """

    sessions: Sessions
    live: LiveTrainings
    train: Train
    artifacts_dir: str
    threads: int
    published: Callable[[], None]

    def __post_init__(self) -> None:
        self._wake = asyncio.Event()
