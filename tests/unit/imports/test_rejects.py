"""Refused rows are kept as they stood, and can be read again."""

import csv
import re
import resource
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ordercast.imports.documents.cells import Refused
from ordercast.imports.errors import RejectsUnwritable
from ordercast.imports.files.open_table import open_table
from ordercast.imports.files.table import Row
from ordercast.imports.rejects import open_rejects, without_reasons

HEADER = ("order", "name", "qty")


def refused(number: int, text: str) -> Refused:
    return Refused(Row(number, ("1", text, "x")), "a reason")


def test_refused_rows_come_out_as_they_stood_with_number_and_reason(tmp_path: Path) -> None:
    path = tmp_path / "new" / "rejects.csv"
    with open_rejects(path, HEADER) as rejects:
        rejects.add(refused(7, 'a, "b"\nc'))
        rejects.add(refused(9, "caf\udce9"))
    assert b"caf\xe9" in path.read_bytes()  # not UTF-8, and as it was
    with path.open(newline="", errors="replace") as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["ordercast_row", "ordercast_reason", *HEADER]
    assert rows[1] == ["7", "a reason", "1", 'a, "b"\nc', "x"]


def test_refused_rows_are_read_as_those_of_their_file(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    with open_rejects(path, HEADER) as rejects:
        rejects.add(refused(7, "=MUG"))  # exact, although a spreadsheet would run it: it is imported again
    table = without_reasons(open_table(path, tmp_path))
    assert table.header == HEADER
    assert [row.cells for row in table.rows] == [("1", "=MUG", "x")]


def test_an_import_that_fails_keeps_the_old_rejects_and_its_own_beside_them(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    path.write_text("old")

    def fail_in_the_middle() -> None:
        with open_rejects(path, HEADER) as rejects:
            rejects.add(refused(7, "x"))
            raise ConnectionResetError

    with pytest.raises(ConnectionResetError):
        fail_in_the_middle()
    assert path.read_text() == "old"
    (part,) = tmp_path.glob("rejects.csv.*.part")
    assert "a reason" in part.read_text()


def test_where_nothing_was_refused_there_is_no_file_and_none_of_before(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    path.write_text("old")
    with open_rejects(path, HEADER):
        pass
    assert list(tmp_path.iterdir()) == []


def test_an_import_that_fails_before_any_row_was_refused_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(ConnectionResetError), open_rejects(tmp_path / "rejects.csv", HEADER):
        raise ConnectionResetError
    assert list(tmp_path.iterdir()) == []


def test_two_imports_of_one_file_at_the_same_time_mix_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    with open_rejects(path, HEADER) as first:
        with open_rejects(path, HEADER) as second:
            second.add(refused(7, "TEA"))
        first.add(refused(7, "MUG"))
    assert [row.cells for row in without_reasons(open_table(path, tmp_path)).rows] == [("1", "MUG", "x")]


@contextmanager
def full_disk() -> Iterator[None]:
    """Files take no more bytes."""
    most = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, most[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, most)


def test_a_disk_that_takes_no_more_rows_is_told_with_the_file_and_what_to_do(tmp_path: Path) -> None:
    with (
        open_rejects(tmp_path / "rejects.csv", HEADER) as rejects,
        full_disk(),
        pytest.raises(RejectsUnwritable) as failed,
    ):
        rejects.add(refused(2, "x" * 100_000))
    assert re.fullmatch(r"the refused rows cannot be written to .*rejects\.csv.*: File too large", str(failed.value))
    assert "--rejects" in failed.value.hint


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(RejectsUnwritable, match="Not a directory"), open_rejects(tmp_path / "file/x/r.csv", HEADER):
        pass
