"""Networks of trainings in this process, compiled once: compiling is most of a small training."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import pytest


@contextmanager
def compiled_once() -> Iterator[None]:
    """Trainings of the same recipe share their graph; TensorFlow itself compiles it anew for another number of rows."""
    import tensorflow as tf

    function = tf.function
    compiled: dict[tuple[object, ...], Any] = {}

    def compile_once(work: partial[Any], **options: Any) -> Any:
        key = (work.func, repr(work.args), repr(options))
        if key not in compiled:
            compiled[key] = function(work, **options)
        return compiled[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tf, "function", compile_once)
        yield
