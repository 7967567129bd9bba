"""Tables written row by row into xlsx, CSV or Parquet files: memory stays flat, and a file is whole or not there."""

import csv
import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, Literal, Protocol, TypeAlias

import pyarrow as pa
import pyarrow.parquet as pq
import xlsxwriter
from xlsxwriter.exceptions import FileCreateError

from ordercast.contracts.spreadsheets import in_cell

Format: TypeAlias = Literal["xlsx", "csv", "parquet"]
# money is the price of a piece, total that of an order, time a moment with its zone, amount a sum of prices.
Kind: TypeAlias = Literal["integer", "money", "total", "amount", "text", "time", "date"]
Row: TypeAlias = Sequence[int | Decimal | str | datetime | date | None]

XLSX_ROWS_MAX: Final = 1_048_576  # of one sheet, the header among them: Excel's own limit
PARQUET_TYPES: Final[dict[Kind, Any]] = {
    "integer": pa.int64(),
    "money": pa.decimal128(12, 4),
    "total": pa.decimal128(22, 4),
    "text": pa.string(),
    "amount": pa.decimal128(38, 4),
    "time": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
}


class TooManyRows(Exception):
    """The table is longer than a sheet can be."""


class TableWriter(Protocol):
    def write(self, rows: Sequence[Row]) -> None: ...
    def close(self) -> None: ...


@contextmanager
def open_table(path: Path, columns: dict[str, Kind], file_format: Format) -> Iterator[TableWriter]:
    """A writer of `path`. The file appears under its name when the block has ended well, and not before.

    Raises:
        TooManyRows: from `write`, for more than `XLSX_ROWS_MAX` rows in an xlsx file.
        OSError: the folder cannot be written to, or the disk is full.
    """
    part = path.with_name(f".{path.name}.part")
    try:
        with _naming(path):
            table = _Named(path, WRITERS[file_format](part, columns))
        try:
            yield table
        finally:
            table.close()
        with _naming(path):
            part.replace(path)
    finally:
        with _naming(path):
            part.unlink(missing_ok=True)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Has errors name the path that was asked for, in place of the part's."""
    try:
        yield
    except OSError as error:
        raise OSError(f"{path} cannot be written: {os.strerror(error.errno) if error.errno else error}") from error


@dataclass(frozen=True, slots=True)
class _Named:
    """A writer whose errors name the path that was asked for."""

    path: Path
    writer: TableWriter

    def write(self, rows: Sequence[Row]) -> None:
        with _naming(self.path):
            self.writer.write(rows)

    def close(self) -> None:
        with _naming(self.path):
            self.writer.close()


class CsvWriter:
    """CSV is what people open in a spreadsheet: other than in xlsx and Parquet, texts are `in_cell`."""

    def __init__(self, path: Path, columns: dict[str, Kind]) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file)
        self._rows.writerow(columns)

    def write(self, rows: Sequence[Row]) -> None:
        self._rows.writerows(
            [in_cell(value) if isinstance(value, str) else value for value in _plain(row)] for row in rows
        )

    def close(self) -> None:
        self._file.close()


class XlsxWriter:
    def __init__(self, path: Path, columns: dict[str, Kind]) -> None:
        path.touch()  # xlsxwriter opens the file in close(): a folder that cannot be written to shall say so now
        # Without strings_to_formulas=False a text that begins with = would run as a formula in the reader's Excel.
        self._book = xlsxwriter.Workbook(
            path, {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
        )
        self._sheet = self._book.add_worksheet()
        self._sheet.write_row(0, 0, list(columns))
        self._count = 1

    def write(self, rows: Sequence[Row]) -> None:
        if self._count + len(rows) > XLSX_ROWS_MAX:
            raise TooManyRows(f"a sheet holds {XLSX_ROWS_MAX:,} rows and there are more: export as csv or parquet")
        for row in rows:
            self._sheet.write_row(self._count, 0, _plain(row))
            self._count += 1

    def close(self) -> None:
        try:
            self._book.close()
        except FileCreateError as error:  # which is no OSError, and has the one that it was
            raise error.args[0] from None


def _plain(row: Row) -> list[int | Decimal | str | None]:
    """Moments and days as RFC 3339, which says the zone; a sheet's own dates have none."""
    return [value.isoformat() if isinstance(value, date) else value for value in row]


class ParquetWriter:
    def __init__(self, path: Path, columns: dict[str, Kind]) -> None:
        self._schema = pa.schema([(name, PARQUET_TYPES[kind]) for name, kind in columns.items()])
        self._writer = pq.ParquetWriter(path, self._schema)

    def write(self, rows: Sequence[Row]) -> None:
        arrays = [pa.array([row[index] for row in rows], field.type) for index, field in enumerate(self._schema)]
        self._writer.write_table(pa.Table.from_arrays(arrays, schema=self._schema))

    def close(self) -> None:
        self._writer.close()


WRITERS: Final[dict[Format, Callable[[Path, dict[str, Kind]], TableWriter]]] = {
    "xlsx": XlsxWriter,
    "csv": CsvWriter,
    "parquet": ParquetWriter,
}
