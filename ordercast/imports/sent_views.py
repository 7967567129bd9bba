"""Remembers which views of a file are in the system: a view has no name of its own by which the API could know it again."""

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec


def kind_of(line: dict[str, Any]) -> str:
    """`view` or `cart`: each kind has a beginning of its own, so that views which were sent alone are known beside carts."""
    return str(line.get("kind", "view"))


class Prefix:
    """The views, or the carts, of a file up to a place in it: how many, and what they are."""

    def __init__(self) -> None:
        self.count = 0
        self._digest = hashlib.sha256()

    def add(self, line: dict[str, Any]) -> None:
        self.count += 1
        self._digest.update(msgspec.json.encode(line) + b"\n")

    @property
    def name(self) -> str:
        """The same for the same views in the same order, in whatever file."""
        return self._digest.hexdigest()


class SentViews:
    """The beginnings of files that were sent and acknowledged, each `COUNT NAME` in a line of a text file.

    The same file again is known whole; of a file that was appended to, the beginning is.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        entries = (line.split() for line in path.read_text().splitlines()) if path.exists() else iter(())
        self._known = {(int(count), name) for count, name in entries}

    def sent_before(self, lines: Iterable[dict[str, Any]]) -> dict[str, int]:
        """How many lines of each kind, from the first, were sent."""
        counts = {count for count, _ in self._known}
        prefixes, sent = defaultdict[str, Prefix](Prefix), dict[str, int]()
        for line in lines:
            prefix = prefixes[kind_of(line)]
            prefix.add(line)
            if prefix.count in counts and (prefix.count, prefix.name) in self._known:
                sent[kind_of(line)] = prefix.count
        return sent

    def add(self, prefix: Prefix) -> None:
        """Returns when it is on disk."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.open("a") as file:
            file.write(f"{prefix.count} {prefix.name}\n")
            file.flush()
            os.fsync(file.fileno())
        self._known.add((prefix.count, prefix.name))
