"""The import of TensorFlow as a training wants it; whoever trains calls this before it imports the networks."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ordercast.services.shared.quick_imports import quick_imports

# A quarter less time to compile, which is half of a small training; the steps are as fast and give the same bits.
QUICK_COMPILE: Final = "--xla_backend_optimization_level=1"
# Keras and what it imports take these if they find them, for pictures and tables, which no training has: three tenths of the
# processor time before the first epoch, and 90 MB. Whoever needs one imports it later, as ever.
OPTIONAL: Final = frozenset({"matplotlib", "pandas"})


def import_tensorflow(threads: int) -> None:
    """Import it as a training wants it: quiet, with so many threads, quick to compile, and without what it can do without."""
    os.environ["XLA_FLAGS"] = f"{os.environ.get('XLA_FLAGS', '')} {QUICK_COMPILE}".strip()
    with _without_native_chatter(), quick_imports(OPTIONAL):
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(threads)


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
