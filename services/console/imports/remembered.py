"""How files that came in were read, by their shape: the next one with the same columns is read so where nothing else is told."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import msgspec
import structlog

from ordercast.first_line import first_line
from ordercast.services.console.imports.told import Told

log = structlog.stdlib.get_logger()

# Shapes that are remembered: the oldest goes for a new one.
MOST: Final = 200


class Remembered:
    """In one file, which is read and written as a whole: it is short, and files come in seldom."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def completed(self, told: Told, header: Sequence[str]) -> Told:
        """What is told, and of the rest what was told of the last file with the same subject and columns."""
        before = self._read().get(_shape(told.subject, header))
        return told.completed_by(before) if before else told

    def keep(self, told: Told, header: Sequence[str]) -> None:
        """A disk that takes nothing is no reason to let an import fail that has come in."""
        shape, kept = _shape(told.subject, header), self._read()
        kept.pop(shape, None)
        newest = dict([*kept.items(), (shape, told)][-MOST:])
        new = self._path.with_suffix(".new")
        try:
            new.write_bytes(msgspec.json.encode(newest))
            new.replace(self._path)
        except OSError as error:
            log.warning("how a file was read is not remembered", error=first_line(error))

    def _read(self) -> dict[str, Told]:
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=dict[str, Told])
        except (OSError, msgspec.DecodeError):
            return {}


def _shape(subject: str, header: Sequence[str]) -> str:
    return hashlib.sha256(msgspec.json.encode([subject, *header])).hexdigest()
