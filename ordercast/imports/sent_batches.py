"""Remembers which batches were sent and acknowledged, longer than the API remembers keys (24 hours)."""

import os
from pathlib import Path


class SentBatches:
    """The keys in a text file, one a line. A key is written after its batch was acknowledged.

    A crash in between makes the batch go out again with the same key; within a day the API counts it once.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._keys = set(path.read_text().split()) if path.exists() else set()

    def __contains__(self, key: str) -> bool:
        return key in self._keys

    def add(self, key: str) -> None:
        """Returns when the key is on disk."""
        with self._path.open("a") as file:
            file.write(key + "\n")
            file.flush()
            os.fsync(file.fileno())
        self._keys.add(key)
