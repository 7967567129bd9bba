"""The console's templates, compiled once for a run: half of the time of a console that is asked for one page is compiling it."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from jinja2 import BytecodeCache, Environment
from jinja2.bccache import Bucket

from ordercast.services.console import texts


class _InMemory(BytecodeCache):
    """By language as well as by file: what a filter makes of a constant is a part of the code."""

    def __init__(self) -> None:
        self._code: dict[tuple[object, str], bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        if code := self._code.get(self._key(bucket)):
            bucket.bytecode_from_string(code)

    def dump_bytecode(self, bucket: Bucket) -> None:
        self._code[self._key(bucket)] = bucket.bytecode_to_string()

    @staticmethod
    def _key(bucket: Bucket) -> tuple[object, str]:
        return bucket.environment.globals["language"], bucket.key


@contextmanager
def compiled_once() -> Iterator[None]:
    """Consoles of this process find what others of it have compiled. A file that has changed is compiled anew."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(texts, "Environment", partial(Environment, bytecode_cache=_InMemory()))
        yield
