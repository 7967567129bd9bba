"""Workbooks, Parquet and NDJSON: forms that know numbers and times. All becomes text, written in one way."""

import codecs
import json
from collections import Counter
from collections.abc import Iterator
from datetime import date, datetime
from itertools import count, islice
from pathlib import Path
from typing import Any, Final

import msgspec
import pyarrow
import pyarrow.parquet
import python_calamine

from ordercast.first_line import first_line
from ordercast.imports.errors import FileUnreadable
from ordercast.imports.files.table import Row, Table

_BATCH_ROWS: Final = 20_000
# Rows of a sheet that are looked at for the header.
_LOOKED_AT_ROWS: Final = 100
# The only column of a file whose lines are orders of the API's own form.
LINE: Final = "line"

_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_workbook(path: Path) -> Table:
    """The first sheet that has rows, and every other one with the same header, such as one for each year.

    Raises:
        FileUnreadable: no workbook, protected by a password, or empty.
    """
    try:
        book = python_calamine.CalamineWorkbook.from_path(str(path))
        sheets = [(name, book.get_sheet_by_name(name)) for name in book.sheet_names]
        filled = [(name, sheet) for name, sheet in sheets if sheet.total_height > 0]
    except (python_calamine.CalamineError, OSError) as error:
        raise FileUnreadable(f"{path} is no workbook that can be read: {first_line(error)}") from error
    above = {name: _rows_above_header(sheet) for name, sheet in filled}
    headers = {name: _texts(next(islice(sheet.iter_rows(), above[name], None))) for name, sheet in filled}
    if not filled:
        raise FileUnreadable(f"{path} has no rows")
    first = headers[filled[0][0]]
    same = [(sheet, above[name]) for name, sheet in filled if headers[name] == first]
    read = [name for name in headers if headers[name] == first]
    passed_over = [name for name in book.sheet_names if name not in read]
    found = f"workbook, sheet {', '.join(read)}"
    if passed_over:
        found += f"; passed over: {', '.join(passed_over)}"
    return Table(first, _sheet_rows(same), found, typed=True)


def _rows_above_header(sheet: Any) -> int:
    """Rows such as a report's title: they fill less than half as many cells as most rows do."""
    widths = [_filled(cells) for cells in islice(sheet.iter_rows(), _LOOKED_AT_ROWS)]
    rows_of = Counter(width for width in widths if width)
    most = max(rows_of, key=lambda width: (rows_of[width], width), default=0)
    return next((place for place, width in enumerate(widths) if width * 2 >= most), 0)


def _sheet_rows(sheets: list[tuple[Any, int]]) -> Iterator[Row]:
    numbers = count(1)
    for sheet, header in sheets:
        for position, cells in enumerate(sheet.iter_rows()):
            number = next(numbers)
            if position > header and _filled(cells):
                yield Row(number, _texts(cells))


def _filled(cells: list[Any]) -> int:
    return sum(cell not in ("", None) for cell in cells)


def read_parquet(path: Path) -> Table:
    """
    Raises:
        FileUnreadable: damaged.
    """
    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, OSError) as error:
        raise FileUnreadable(f"{path} is no Parquet file that can be read: {first_line(error)}") from error
    return Table(tuple(file.schema_arrow.names), _parquet_rows(path, file), "Parquet", typed=True)


def _parquet_rows(path: Path, file: Any) -> Iterator[Row]:
    numbers = count(2)
    try:
        for batch in file.iter_batches(batch_size=_BATCH_ROWS):
            for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                yield Row(next(numbers), _texts(cells))
    except (pyarrow.ArrowException, OSError) as error:
        raise FileUnreadable(f"{path} is damaged: {first_line(error)}") from error


def read_ndjson(path: Path) -> Table:
    """One object a line: its keys are the columns. Objects with `items` are orders of the API's own form: one column.

    Raises:
        FileUnreadable: the first line is no JSON object.
    """
    keys: dict[str, None] = {}
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            if not line.strip():
                continue
            try:
                keys |= dict.fromkeys(_object.decode(line.removeprefix(codecs.BOM_UTF8)))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                if not keys:
                    hint = "one JSON object a line is needed: `jq -c '.[]'` makes that of an array"
                    raise FileUnreadable(f"{path}, line {number}: {first_line(error)}", hint=hint) from error
            if "items" in keys:
                return Table((LINE,), _lines(path), "NDJSON, orders with items", typed=True)
    return Table(tuple(keys), _objects(path, tuple(keys)), "NDJSON", typed=True)


def _lines(path: Path) -> Iterator[Row]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as file:
        for number, line in enumerate(file, start=1):
            if line.strip():
                yield Row(number, (line.strip(),))


def _objects(path: Path, keys: tuple[str, ...]) -> Iterator[Row]:
    for row in _lines(path):
        try:
            values = _object.decode(row.cells[0].encode(errors="surrogateescape"))
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
            yield row  # one cell: refused by its width
            continue
        yield Row(row.number, tuple(_json_text(values[key]) if key in values else "" for key in keys))


def _json_text(raw: msgspec.Raw) -> str:
    text = bytes(raw).decode()
    if text.startswith('"'):
        return str(msgspec.json.decode(raw))
    return "" if text == "null" else text


def _texts(cells: Any) -> tuple[str, ...]:
    return tuple(_text(cell) for cell in cells)


def _text(value: object) -> str:
    match value:
        case None:
            return ""
        case float():
            return "" if value != value else str(int(value)) if value.is_integer() else repr(value)
        case datetime():
            return value.isoformat(sep=" ")
        case date():
            return value.isoformat()
        case dict() | list():
            return json.dumps(value, ensure_ascii=False, default=str)
        case _:
            return str(value)
