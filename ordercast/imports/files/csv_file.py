"""Delimited text. DuckDB's sniffer says how it is written, Python's csv reads it: row by row, as the cells stand there."""

import csv
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Final

import duckdb

from ordercast.first_line import first_line
from ordercast.imports.errors import FileUnreadable
from ordercast.imports.files.encoding import find_encoding
from ordercast.imports.files.table import Row, Table

# Lines that are looked at for delimiter, quotes and the header's row.
_SNIFFED_LINES: Final = 2_000
# A cell longer than this (characters) comes of a quote that is never closed.
_CELL_MAX: Final = 1_000_000
_DELIMITER_NAMES: Final = {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}


@dataclass(frozen=True, slots=True)
class _Form:
    delimiter: str
    quote: str
    # Rows above the header, such as the title of a report.
    skip: int = 0


def read_csv(path: Path, folder: Path, encoding: str | None = None) -> Table:
    """The table of a text file. Bytes that are not of its encoding come through as lone surrogates.

    Raises:
        FileUnreadable: nothing in it, or not of the encoding that was named.
    """
    name = encoding or find_encoding(path)
    try:
        form = _sniff(path, folder, name)
    except (LookupError, UnicodeError) as error:
        raise FileUnreadable(f"{path}: {first_line(error)}", hint="name its encoding with --encoding") from error
    rows = _rows(path, name, form)
    header = next(rows, None)
    if header is None:
        raise FileUnreadable(f"{path} is empty")
    shown = _DELIMITER_NAMES.get(form.delimiter, repr(form.delimiter))
    found = f"text, {name}, delimiter {shown}, header in row {header.number}"
    return Table(tuple(cell.strip() for cell in header.cells), rows, found)


def _sniff(path: Path, folder: Path, encoding: str) -> _Form:
    sample = folder / "sniffed.csv"
    with path.open(encoding=encoding, errors="replace", newline="") as text:
        sample.write_text("".join(islice(text, _SNIFFED_LINES)), encoding="utf-8", newline="")
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT Delimiter, Quote FROM sniff_csv(?, all_varchar=true, null_padding=true)", [str(sample)]
        ).fetchone()
    delimiter, quote = found or (",", '"')
    form = _Form(delimiter, quote if len(quote) == 1 else '"')
    return replace(form, skip=_rows_above_header(list(_rows(sample, "utf-8", form))))


def _rows_above_header(rows: list[Row]) -> int:
    """The header is the first row as wide as most are."""
    widths = Counter(len(row.cells) for row in rows)
    widest = max(widths, key=lambda width: (widths[width], width), default=0)
    return next((row.number - 1 for row in rows if len(row.cells) == widest), 0)


def _rows(path: Path, encoding: str, form: _Form) -> Iterator[Row]:
    csv.field_size_limit(_CELL_MAX)
    number = 0
    try:
        with path.open(encoding=encoding, errors="surrogateescape", newline="") as text:
            reader = csv.reader(text, delimiter=form.delimiter, quotechar=form.quote)
            for number, cells in enumerate(reader, start=1):
                if number > form.skip and any(cells):
                    yield Row(number, tuple(cells))
    except csv.Error as error:
        raise FileUnreadable(f"{path} is damaged after row {number}: {first_line(error)}") from error
