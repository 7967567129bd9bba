"""The file of refused rows: as they stood in the input, each with its number and the reason. Corrected, it can be imported."""

import csv
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol
from uuid import uuid4

from ordercast.imports.documents.cells import Refused
from ordercast.imports.errors import RejectsUnwritable
from ordercast.imports.files.table import Row, Table

# Before the columns of the file itself; names that no export has.
_ADDED: Final = ("ordercast_row", "ordercast_reason")


class Rejects(Protocol):
    def add(self, refused: Refused) -> None: ...


class _RejectsFile:
    def __init__(self, path: Path, header: Sequence[str]) -> None:
        self._path = path
        with _writing(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            # Bytes that were no text come out again as they came in.
            self._file = path.open("w", encoding="utf-8", errors="surrogateescape", newline="")
            self._rows = csv.writer(self._file)
            self._rows.writerow([*_ADDED, *header])
        self.is_empty = True

    def add(self, refused: Refused) -> None:
        self.is_empty = False
        with _writing(self._path):
            self._rows.writerow([refused.row.number, refused.reason, *refused.row.cells])

    def close(self) -> None:
        with _writing(self._path):
            self._file.close()


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise RejectsUnwritable(
            f"the refused rows cannot be written to {path}: {error.strerror or error}",
            hint="what came in stays; name another place with --rejects and import the file again",
        ) from error


@contextmanager
def open_rejects(path: Path, header: Sequence[str]) -> Iterator[Rejects]:
    """A file of refused rows. It takes its name at the end, whole, and where there are none, one of before goes. One that fails
    keeps what it has in a `.part` of its own, for two of one file may run at the same time; where it has nothing, none stays.

    Raises:
        RejectsUnwritable: the folder cannot be made, or the file not be written to.
    """
    part = path.with_name(f"{path.name}.{uuid4().hex[:8]}.part")
    rejects = _RejectsFile(part, header)
    try:
        yield rejects
    except BaseException:  # a Ctrl-C as well; it is raised again
        rejects.close()
        if rejects.is_empty:
            part.unlink(missing_ok=True)
        raise
    rejects.close()
    with _writing(path):
        if rejects.is_empty:
            part.unlink()
            path.unlink(missing_ok=True)
        else:
            part.replace(path)


def without_reasons(table: Table) -> Table:
    """A rejects file as the file that its rows came from; any other as it is."""
    if table.header[: len(_ADDED)] != _ADDED:
        return table
    rows = (Row(row.number, row.cells[len(_ADDED) :]) for row in table.rows)
    return replace(
        table, header=table.header[len(_ADDED) :], rows=rows, found=f"{table.found}, refused rows", of_refused=True
    )
