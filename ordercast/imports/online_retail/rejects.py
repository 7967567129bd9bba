"""The file of refused rows: as they stood in the input, each with its number and the reason."""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

from ordercast.imports.online_retail.rows import COLUMNS, RefusedRow


class Rejects(Protocol):
    def add(self, refused: RefusedRow) -> None: ...


class _RejectsFile:
    def __init__(self, path: Path) -> None:
        # Bytes that were no UTF-8 come out again as they came in.
        self._file = path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(["row", "reason", *COLUMNS])

    def add(self, refused: RefusedRow) -> None:
        self._rows.writerow([refused.row.number, refused.reason, *refused.row.cells])

    def close(self) -> None:
        self._file.close()


@contextmanager
def open_rejects(path: Path) -> Iterator[Rejects]:
    """A file of refused rows. It takes its name at the end, whole; an import that fails keeps what it has as `.part`.

    Raises:
        OSError: the folder cannot be made or written to.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(path.name + ".part")
    rejects = _RejectsFile(part)
    try:
        yield rejects
    finally:
        rejects.close()
    part.replace(path)
