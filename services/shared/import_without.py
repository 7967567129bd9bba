"""Imports of libraries that take others if they find them, without these."""

import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.machinery import ModuleSpec
from types import ModuleType


class _Missing:
    """Finds nothing but that a package is missing, for the thread that made it alone."""

    def __init__(self, packages: frozenset[str]) -> None:
        self._packages = packages
        self._thread = threading.get_ident()

    def find_spec(self, name: str, path: Sequence[str] | None, target: ModuleType | None = None) -> ModuleSpec | None:
        if name.partition(".")[0] in self._packages and threading.get_ident() == self._thread:
            raise ModuleNotFoundError(f"{name} is left out of this import", name=name)
        return None


@contextmanager
def import_without(packages: frozenset[str]) -> Iterator[None]:
    """Within the block the packages are not there, unless they were imported before. Later they are, as ever."""
    missing = _Missing(packages)
    sys.meta_path.insert(0, missing)
    try:
        yield
    finally:
        sys.meta_path.remove(missing)
