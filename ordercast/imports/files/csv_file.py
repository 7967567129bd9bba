"""Delimited text. DuckDB's sniffer says how it is written, Python's csv reads it: row by row, as the cells stand there."""

import csv
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path
from typing import Final

import duckdb

from ordercast.first_line import first_line
from ordercast.imports.errors import FileUnreadable
from ordercast.imports.files.encoding import find_encoding
from ordercast.imports.files.table import Row, Table

# Characters that are looked at for delimiter, quotes and the header's row: thousands of rows.
_SNIFFED: Final = 500_000
# The sniffer's limit (bytes) for a line, so that one as long as all it sees is none of its errors.
_LINE_MAX: Final = 4 * _SNIFFED
# A cell longer than this (characters) comes of a quote that is never closed.
_CELL_MAX: Final = 1_000_000
# Read after the last line: where it ends up in a cell, a quote stands open.
_END: Final = "\0end of the file"
_QUOTES: Final = "close the quote, and double each one that belongs to a text"
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
        FileUnreadable: nothing in it, nobody can tell how it is written, or not of the encoding that was named.
    """
    name = encoding or find_encoding(path)
    try:
        form = _sniff(path, folder, name)
    except duckdb.Error as error:
        hint = "each row on a line of its own, the same delimiter in all; or save it as XLSX"
        raise FileUnreadable(f"{path}: nothing tells how its columns are delimited", hint=hint) from error
    except (LookupError, ValueError) as error:
        raise FileUnreadable(f"{path}: {first_line(error)}", hint="name its encoding with --encoding") from error
    rows = _rows(path, name, form)
    header = next(rows, None)
    if header is None:
        raise FileUnreadable(f"{path} is empty")
    shown = _DELIMITER_NAMES.get(form.delimiter, repr(form.delimiter))
    found = f"text, {name}, delimiter {shown}, header in row {header.number}"
    return Table(tuple(_readable(cell.strip()) for cell in header.cells), rows, found)


def _readable(name: str) -> str:
    """A column's name is shown, typed and kept: in place of bytes that were no text it has a sign that can be all that."""
    return name if name.isascii() else name.encode(errors="surrogateescape").decode(errors="replace")


def _sniff(path: Path, folder: Path, encoding: str) -> _Form:
    sample = folder / "sniffed.csv"
    # The sniffer refuses mixed ends of lines and an empty line, which the reader below does not: it gets neither.
    with path.open(encoding=encoding, errors="replace") as text:
        read = text.read(_SNIFFED)
    whole = read if len(read) < _SNIFFED else read[: read.rfind("\n") + 1] or read
    sample.write_text(whole, encoding="utf-8", newline="")
    with duckdb.connect() as connection:
        found = connection.execute(
            "SELECT Delimiter, Quote FROM sniff_csv(?, all_varchar=true, null_padding=true, max_line_size=?)",
            [str(sample), _LINE_MAX],
        ).fetchone()
    delimiter, quote = found or (",", '"')
    form = _Form(delimiter, quote if len(quote) == 1 else '"')
    return replace(form, skip=_rows_above_header(list(_rows(sample, "utf-8", form, end=()))))


def _rows_above_header(rows: list[Row]) -> int:
    """The header is the first row as wide as most are."""
    widths = Counter(len(row.cells) for row in rows)
    widest = max(widths, key=lambda width: (widths[width], width), default=0)
    return next((row.number - 1 for row in rows if len(row.cells) == widest), 0)


def _rows(path: Path, encoding: str, form: _Form, *, end: Iterable[str] = (_END,)) -> Iterator[Row]:
    csv.field_size_limit(_CELL_MAX)
    number = 0
    try:
        with path.open(encoding=encoding, errors="surrogateescape", newline="") as text:
            reader = csv.reader(chain(text, end), delimiter=form.delimiter, quotechar=form.quote)
            for number, cells in enumerate(reader, start=1):
                if cells and cells[-1].endswith(_END):
                    if len(cells) > 1 or cells[-1] != _END:
                        raise FileUnreadable(
                            f"{path}: a quote that opens in row {number} is never closed", hint=_QUOTES
                        )
                elif number > form.skip and any(cells):
                    yield Row(number, tuple(cells))
    except csv.Error as error:
        raise FileUnreadable(f"{path} is damaged after row {number}: {first_line(error)}", hint=_QUOTES) from error
    except UnicodeError as error:  # of UTF-16, which cannot be read on after it
        raise FileUnreadable(f"{path} is damaged after row {number}: {first_line(error)}") from error
