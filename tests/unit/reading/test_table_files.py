"""Tables come out of xlsx, CSV and Parquet files as they went in; a file is whole or not there."""

import csv
import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pyarrow.parquet as pq
import pytest
from python_calamine import CalamineWorkbook

from ordercast.reading import table_files
from ordercast.reading.table_files import Format, Kind, TooManyRows, open_table

COLUMNS: dict[str, Kind] = {"accountId": "integer", "price": "money", "name": "text"}
ROWS = [(1, Decimal("2.5550"), "plain"), (2**40, Decimal("12.5000"), "=1+1")]


def read(path: Path, file_format: Format) -> list[list[Any]]:
    """Header and rows."""
    if file_format == "xlsx":
        return CalamineWorkbook.from_path(path).get_sheet_by_index(0).to_python()
    if file_format == "csv":
        with path.open(newline="", encoding="utf-8") as file:
            return list(csv.reader(file))
    table = pq.read_table(path)
    return [table.column_names, *([*row.values()] for row in table.to_pylist())]


def write(path: Path, file_format: Format) -> None:
    with open_table(path, COLUMNS, file_format) as table:
        table.write(ROWS[:1])
        table.write(ROWS[1:])


@pytest.mark.parametrize(
    ("file_format", "rows"),
    [
        ("xlsx", [[1, 2.555, "plain"], [2**40, 12.5, "=1+1"]]),
        ("csv", [["1", "2.5550", "plain"], [str(2**40), "12.5000", "'=1+1"]]),
        ("parquet", [[1, Decimal("2.5550"), "plain"], [2**40, Decimal("12.5000"), "=1+1"]]),
    ],
)
def test_what_goes_in_comes_out(tmp_path: Path, file_format: Format, rows: list[list[Any]]) -> None:
    path = tmp_path / f"table.{file_format}"
    write(path, file_format)
    assert read(path, file_format) == [["accountId", "price", "name"], *rows]


SHOP_COLUMNS: dict[str, Kind] = {"name": "text", "total": "total", "at": "time"}
MOMENT = datetime(2026, 3, 1, 12, 0, 0, 5, UTC)


@pytest.mark.parametrize(
    ("file_format", "rows", "missing"),
    [
        ("xlsx", ["2026-03-01T12:00:00.000005+00:00", 123456789012.5], ""),
        ("csv", ["2026-03-01T12:00:00.000005+00:00", "123456789012.5000"], ""),
        ("parquet", [MOMENT, Decimal("123456789012.5000")], None),
    ],
)
def test_moments_keep_their_zone_and_what_is_missing_is_empty(
    tmp_path: Path, file_format: Format, rows: list[Any], missing: Any
) -> None:
    path = tmp_path / f"table.{file_format}"
    with open_table(path, SHOP_COLUMNS, file_format) as table:
        table.write(
            [("plain", Decimal("123456789012.5000"), MOMENT), (None, Decimal("1.0000"), MOMENT), ("end", None, None)]
        )
    _, first, second, third = read(path, file_format)
    assert first == ["plain", *rows[::-1]]
    assert second[0] == missing
    assert third == ["end", missing, missing]


def test_in_csv_a_negative_number_stays_a_number_and_a_text_like_one_is_none(tmp_path: Path) -> None:
    with open_table(tmp_path / "t.csv", COLUMNS, "csv") as table:
        table.write([(-1, Decimal("-2.5000"), "-3"), (1, None, "@SUM(A1)")])
    assert read(tmp_path / "t.csv", "csv")[1:] == [["-1", "-2.5000", "'-3"], ["1", "", "'@SUM(A1)"]]


def test_a_text_that_begins_with_an_equals_sign_is_no_formula(tmp_path: Path) -> None:
    write(tmp_path / "table.xlsx", "xlsx")
    with ZipFile(tmp_path / "table.xlsx") as book:
        sheet = book.read("xl/worksheets/sheet1.xml")
    assert b"=1+1" in sheet
    assert b"<f>" not in sheet


@pytest.mark.parametrize("file_format", ["xlsx", "csv", "parquet"])
def test_a_failure_in_the_middle_keeps_the_old_file_and_leaves_no_part(tmp_path: Path, file_format: Format) -> None:
    path = tmp_path / f"table.{file_format}"
    write(path, file_format)
    before = path.read_bytes()

    def fail_in_the_middle() -> None:
        with open_table(path, COLUMNS, file_format) as table:
            table.write(ROWS)
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        fail_in_the_middle()
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_table_too_long_for_a_sheet_names_the_other_formats(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "XLSX_ROWS_MAX", 3)
    write(tmp_path / "fits.xlsx", "xlsx")
    with pytest.raises(TooManyRows, match="csv or parquet"), open_table(tmp_path / "t.xlsx", COLUMNS, "xlsx") as table:
        table.write([*ROWS, *ROWS])
    assert [path.name for path in tmp_path.iterdir()] == ["fits.xlsx"]


def test_a_folder_that_is_not_there_says_so_before_anything_is_written(tmp_path: Path) -> None:
    for file_format in ("xlsx", "csv", "parquet"):
        path = tmp_path / "gone" / f"table.{file_format}"
        with pytest.raises(OSError, match="No such file") as raised:
            write(path, file_format)
        assert str(raised.value) == f"{path} cannot be written: No such file or directory"


def test_an_error_names_the_path_that_was_asked_for_and_not_its_part(tmp_path: Path) -> None:
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "file").write_text("")
    for path, reason in ((tmp_path / "folder.csv", "Is a directory"), (tmp_path / "file" / "t.csv", "Not a directory")):
        with pytest.raises(OSError, match=reason) as raised:
            write(path, "csv")
        assert str(raised.value) == f"{path} cannot be written: {reason}"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder.csv"]


# Writes rows until the file has its limit of size, and says what came of it.
UNTIL_FULL = """
import os, resource, sys
from pathlib import Path
from ordercast.reading.table_files import open_table
resource.setrlimit(resource.RLIMIT_FSIZE, (50_000, 50_000))
try:
    with open_table(Path(sys.argv[1]), {"name": "text"}, sys.argv[2]) as table:
        for _ in range(100):
            table.write([(os.urandom(100).hex(),) for _ in range(100)])
except OSError as error:
    print(error)
"""


@pytest.mark.parametrize("file_format", ["xlsx", "csv", "parquet"])
def test_a_disk_that_is_full_in_the_middle_is_told_with_the_path(tmp_path: Path, file_format: Format) -> None:
    """A limit of size stands for the disk's: the write fails in the same place."""
    path = tmp_path / f"table.{file_format}"
    done = subprocess.run(
        [sys.executable, "-c", UNTIL_FULL, path, file_format], capture_output=True, text=True, check=False
    )
    assert done.stdout == f"{path} cannot be written: File too large\n", done.stderr
    assert list(tmp_path.iterdir()) == []
