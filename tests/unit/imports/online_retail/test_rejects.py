"""Refused rows are kept as they stood."""

import csv
from pathlib import Path

import pytest

from ordercast.imports.online_retail.rejects import open_rejects
from ordercast.imports.online_retail.rows import COLUMNS, RawRow, RefusedRow


def refused(number: int, text: str) -> RefusedRow:
    return RefusedRow(RawRow(number, ("1", "2", text, "4", "5", "6", "7", "8")), "a reason")


def test_refused_rows_come_out_as_they_stood_with_number_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "new" / "rejects.csv"
    with open_rejects(path) as rejects:
        rejects.add(refused(7, 'a, "b"\nc'))
        rejects.add(refused(9, "caf\udce9"))
    assert b"caf\xe9" in path.read_bytes()  # not UTF-8, and as it was
    with path.open(newline="", errors="replace") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["row", "reason", *COLUMNS]
    assert rows[1] == ["7", "a reason", "1", "2", 'a, "b"\nc', "4", "5", "6", "7", "8"]


def test_an_import_that_fails_keeps_the_old_rejects_and_its_own_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    path.write_text("old")

    def fail_in_the_middle() -> None:
        with open_rejects(path) as rejects:
            rejects.add(refused(7, "x"))
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        fail_in_the_middle()
    assert path.read_text() == "old"
    assert "a reason" in (tmp_path / "rejects.csv.part").read_text()
