"""Rows are read from files as they come."""

import gzip
from pathlib import Path

import pytest

from ordercast.imports.online_retail.clean import Line, clean
from ordercast.imports.online_retail.rows import COLUMNS, FileProgress, FileUnreadable, RefusedRow, read_rows
from tests.support.oracle_online_retail import GOOD


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_is_read_plain_and_compressed(tmp_path: Path, compressed: bool) -> None:
    content = (",".join(COLUMNS) + "\r\n" + ",".join(GOOD) + '\r\n1,2,"a, ""b""\nc",4,5,6,7,8\r\n').encode()
    path = tmp_path / "rows.csv"
    path.write_bytes(gzip.compress(content) if compressed else content)
    progress = FileProgress(0, path.stat().st_size)
    assert [row.cells for row in read_rows(path, progress)] == [GOOD, ("1", "2", 'a, "b"\nc', "4", "5", "6", "7", "8")]
    assert progress.position == progress.size


def test_a_file_with_bad_bytes_in_one_row_refuses_that_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    good = ",".join(GOOD).encode()
    path.write_bytes(b"\n".join([",".join(COLUMNS).encode(), good.replace(b"WHITE", b"caf\xe9"), good]))
    outcomes = [clean(row) for row in read_rows(path)]
    assert isinstance(outcomes[0], RefusedRow)
    assert isinstance(outcomes[1], Line)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "the first row is 'a,b'"),
        (gzip.compress((",".join(COLUMNS) + "\n").encode() * 9_999)[:-20], "damaged|the first row"),
        (b"\x1f\x8bno gzip", "damaged|gzip|compression"),
    ],
)
def test_a_file_that_is_not_this_shape_says_so(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(FileUnreadable, match=says):
        list(read_rows(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"gone\.csv: No such file"):
        list(read_rows(tmp_path / "gone.csv"))
