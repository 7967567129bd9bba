"""Rows on disk, so that a file of any size can be looked at whole and be put in the order of its groups."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import duckdb
import pyarrow

from ordercast.imports.files.table import Row

_BATCH_ROWS: Final = 20_000
# For sorting; what does not fit goes to disk.
_MEMORY: Final = "256MB"
# Lone surrogates (bytes that were no text) cannot be stored as text: they are moved to the end of Unicode and back.
_SURROGATES: Final = range(0xDC80, 0xDD00)
_MOVED: Final = 0x10FF80
_AWAY: Final = {code: _MOVED + code - 0xDC80 for code in _SURROGATES}
_BACK: Final = {moved: code for code, moved in _AWAY.items()}
_SCHEMA: Final = pyarrow.schema([("number", pyarrow.int64()), ("cells", pyarrow.list_(pyarrow.string()))])


class Spool:
    """The rows of a table, in a database of their own that goes with its folder."""

    def __init__(self, folder: Path) -> None:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": _MEMORY,
            "threads": "2",
            "temp_directory": str(folder / "sorting"),
        }
        self._connection = duckdb.connect(str(folder / "rows.duckdb"), config=settings)
        self._connection.execute("CREATE TABLE rows (number BIGINT, cells VARCHAR[])")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def add(self, rows: Iterable[Row], advance: Callable[[int], None] = lambda rows: None) -> int:
        """Keeps the rows, and tells on the way how many. Returns how many there are."""
        remaining, added = iter(rows), 0
        while batch := list(islice(remaining, _BATCH_ROWS)):
            added += len(batch)
            arrays = [[row.number for row in batch], [[_away(cell) for cell in row.cells] for row in batch]]
            columns = [pyarrow.array(array, field.type) for array, field in zip(arrays, _SCHEMA, strict=True)]
            self._connection.register("batch", pyarrow.Table.from_arrays(columns, schema=_SCHEMA))
            self._connection.execute("INSERT INTO rows SELECT * FROM batch")
            self._connection.unregister("batch")
            advance(added)
        return added

    def distinct(self, column: int) -> Iterator[str]:
        """The different cells of a column (from 0), trimmed, without the empty ones."""
        query = "SELECT DISTINCT trim(cells[$1]) FROM rows WHERE trim(cells[$1]) <> ''"
        for row in self._fetch(query, [column + 1]):
            yield _back(str(row[0]))

    def rows(self, group_by: Sequence[int] = ()) -> Iterator[Row]:
        """All rows: in their own order, or those together that agree in the columns `group_by`, the earliest group first.

        A row whose cells of `group_by` are all empty stands alone.
        """
        order = "number"
        if group_by:
            cells = ", ".join(f"trim(coalesce(cells[{column + 1}], ''))" for column in group_by)
            empty = " AND ".join(f"trim(coalesce(cells[{column + 1}], '')) = ''" for column in group_by)
            alone = f"CASE WHEN {empty} THEN number END"
            order = f"min(number) OVER (PARTITION BY {cells}, {alone}), number"
        for number, cells in self._fetch(f"SELECT number, cells FROM rows ORDER BY {order}", []):  # noqa: S608
            yield Row(number, tuple(_back(cell) for cell in cells))

    def _fetch(self, query: str, parameters: list[int]) -> Iterator[tuple[Any, ...]]:
        cursor = self._connection.cursor()
        result = cursor.execute(query, parameters)
        while batch := result.fetchmany(_BATCH_ROWS):
            yield from batch
        cursor.close()


def _away(cell: str) -> str:
    return cell if cell.isascii() else cell.translate(_AWAY)


def _back(cell: str) -> str:
    return cell if cell.isascii() else cell.translate(_BACK)
