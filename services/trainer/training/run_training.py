"""The training process: what the spawned child does. TensorFlow is imported here, after the process has been set up."""

import os
import signal
import threading
import traceback
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Final

import msgspec

from ordercast.first_line import first_line
from ordercast.services.trainer.errors import PermanentError, TransientError
from ordercast.services.trainer.networks.fit import OnNews
from ordercast.services.trainer.networks.import_tensorflow import import_tensorflow
from ordercast.services.trainer.training.demand_rows import DemandRows
from ordercast.services.trainer.training.messages import (
    DemandJob,
    Message,
    TrainedDemand,
    TrainedModel,
    TrainingFailed,
    TrainingJob,
)
from ordercast.services.trainer.training.training_set import TrainingSet

# Training takes every core it can get; being this much nicer, it takes them after the services that answer clients.
NICENESS: Final = 10


def run_training(messages: Connection, job: TrainingJob | DemandJob, rows: TrainingSet | DemandRows) -> None:
    """Train, tell of each epoch, and end with what was trained or TrainingFailed; whatever happens is told.

    Without a word when nobody listens any more: the training was cancelled.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the service decides what it means
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    os.nice(NICENESS)

    def tell(message: Message) -> None:
        try:
            messages.send_bytes(msgspec.json.encode(message))
        except BrokenPipeError:
            raise SystemExit(1) from None

    try:
        import_tensorflow(job.threads)
        tell(_trained(job, rows, tell))
    except PermanentError as error:
        tell(TrainingFailed(str(error), permanent=True, because=error.because))
    except TransientError as error:
        tell(TrainingFailed(str(error), permanent=False, because=error.because))
    except Exception as error:
        # Told and printed: the service says it to whoever asked, the trace is for the log.
        traceback.print_exc()
        tell(
            TrainingFailed(
                f"{type(error).__name__}: {first_line(error)}", permanent=not isinstance(error, OSError | MemoryError)
            )
        )


def _trained(
    job: TrainingJob | DemandJob, rows: TrainingSet | DemandRows, tell: OnNews
) -> TrainedModel | TrainedDemand:
    if isinstance(job, DemandJob) and isinstance(rows, DemandRows):
        from ordercast.services.trainer.training.train_demand_model import train_demand_model

        return train_demand_model(job, rows, tell)
    if isinstance(job, TrainingJob) and isinstance(rows, TrainingSet):
        from ordercast.services.trainer.training.train_model import train_model

        return train_model(job, rows, tell)
    raise TypeError(f"{type(job).__name__} does not learn from {type(rows).__name__}")


def _end_with_parent() -> None:
    """A training whose service was killed would publish to nobody, while the service's next life trains the same again."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)
