"""The training process: what the spawned child does. TensorFlow is imported here, after the process has been set up."""

import logging
import os
import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from multiprocessing import parent_process
from multiprocessing.connection import Connection, wait
from typing import Final

import msgspec

from ordercast.first_line import first_line
from ordercast.services.trainer.errors import PermanentError, TransientError
from ordercast.services.trainer.training.messages import Message, TrainingFailed, TrainingJob
from ordercast.services.trainer.training.training_set import TrainingSet

# Training takes every core it can get; being this much nicer, it takes them after the services that answer clients.
NICENESS: Final = 10
# A quarter less time to compile, which is half of a small training; the steps are as fast and give the same bits.
QUICK_COMPILE: Final = "--xla_backend_optimization_level=1"


def run_training(messages: Connection, job: TrainingJob, rows: TrainingSet) -> None:
    """Train, tell of each epoch, and end with TrainedModel or TrainingFailed; whatever happens is told."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the service decides what it means
    threading.Thread(target=_end_with_parent, name="end-with-parent", daemon=True).start()
    os.nice(NICENESS)

    def tell(message: Message) -> None:
        messages.send_bytes(msgspec.json.encode(message))

    try:
        import_tensorflow(job.threads)
        from ordercast.services.trainer.training.train_model import train_model

        tell(train_model(job, rows, tell))
    except PermanentError as error:
        tell(TrainingFailed(str(error), permanent=True))
    except TransientError as error:
        tell(TrainingFailed(str(error), permanent=False))
    except Exception as error:
        # Told and printed: the service says it to whoever asked, the trace is for the log.
        traceback.print_exc()
        tell(
            TrainingFailed(
                f"{type(error).__name__}: {first_line(error)}", permanent=not isinstance(error, OSError | MemoryError)
            )
        )


def import_tensorflow(threads: int) -> None:
    """Import it as a training wants it: quiet, with so many threads, and quick to compile."""
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {QUICK_COMPILE}".strip()
    with _without_native_chatter():
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)


def _end_with_parent() -> None:
    """A training whose service was killed would publish to nobody, while the service's next life trains the same again."""
    parent = parent_process()
    if parent is not None:
        wait([parent.sentinel])
        os._exit(1)


@contextmanager
def _without_native_chatter() -> Iterator[None]:
    """TensorFlow's libraries write greetings to the standard error, past every log setting, while they are loaded."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    logging.getLogger("absl").setLevel(logging.ERROR)
    sys.stderr.flush()
    kept = os.dup(2)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 2)
    try:
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
