"""A file as a table: a header, and rows of text."""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """`number` is the row's number as a spreadsheet shows it. `cells` are as they stand there, and may be any number."""

    number: int
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`rows` are read once, as they are asked for. `found` says in words what form the file has.

    `typed`: numbers and times come from a form that knows them (XLSX, Parquet, JSON), not from somebody's way to write them.
    """

    header: tuple[str, ...]
    rows: Iterator[Row]
    found: str
    typed: bool = False
    # Its rows were refused by an import of another file, whose form is theirs.
    of_refused: bool = False
