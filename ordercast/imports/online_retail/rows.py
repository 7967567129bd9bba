"""The rows of the file as they stand there."""

import csv
import gzip
import io
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final, Self

from ordercast.first_line import first_line

COLUMNS: Final = (
    "InvoiceNo",
    "StockCode",
    "Description",
    "Quantity",
    "InvoiceDate",
    "UnitPrice",
    "CustomerID",
    "Country",
)
GZIP_MAGIC: Final = b"\x1f\x8b"


class FileUnreadable(Exception):
    """The file as a whole cannot be read: missing, not this shape, or damaged."""


@dataclass(frozen=True, slots=True)
class RawRow:
    """`number` is the row's number as a spreadsheet shows it: the header is row 1. `cells` may be any number of cells."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RefusedRow:
    """A row that is not imported, and why."""

    row: RawRow
    reason: str


@dataclass(slots=True)
class FileProgress:
    """How far a file is read, in its own (maybe compressed) bytes."""

    position: int
    size: int

    @classmethod
    def at_start(cls, path: Path) -> Self:
        return cls(0, path.stat().st_size if path.exists() else 0)


def read_rows(path: Path, progress: FileProgress | None = None) -> Iterator[RawRow]:
    """The rows of a CSV file, plain or gzip, one at a time; `progress` is kept up to date.

    Bytes that are not UTF-8 come through as lone surrogates, so that one bad row can be refused by itself.

    Raises:
        FileUnreadable: no such file, another header, or compressed data that is damaged or cut off.
    """
    number = 0
    try:
        with _open_text(path) as (raw, text):
            reader = csv.reader(text)
            for number, cells in enumerate(reader, start=1):
                if number == 1:
                    _check_header(path, cells)
                    continue
                if progress is not None:
                    progress.position = raw.tell()
                yield RawRow(number, tuple(cells))
    except OSError as error:  # gzip.BadGzipFile is one
        raise FileUnreadable(f"{path}: {error.strerror or error}") from error
    except (EOFError, zlib.error, csv.Error) as error:
        raise FileUnreadable(f"{path} is damaged after row {number}: {first_line(error)}") from error
    if number == 0:
        raise FileUnreadable(f"{path} is empty: its first row must be {','.join(COLUMNS)}")


@contextmanager
def _open_text(path: Path) -> Iterator[tuple[IO[bytes], IO[str]]]:
    """The file below (its position is the progress) and the text in it."""
    with path.open("rb") as raw:
        compressed = raw.read(2) == GZIP_MAGIC
        raw.seek(0)
        content = gzip.GzipFile(fileobj=raw) if compressed else raw
        with io.TextIOWrapper(content, encoding="utf-8-sig", errors="surrogateescape", newline="") as text:
            yield raw, text


def _check_header(path: Path, cells: list[str]) -> None:
    if tuple(cells) != COLUMNS:
        raise FileUnreadable(f"{path}: the first row is {','.join(cells)[:200]!r}, not {','.join(COLUMNS)}")
