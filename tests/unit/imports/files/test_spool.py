"""Rows on disk come back as they were, in the order of their groups."""

import tempfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercast.imports.files import spool as files_spool
from ordercast.imports.files.spool import Spool
from ordercast.imports.files.table import Row

CELLS = st.text(st.characters(exclude_categories=["Cs"]) | st.characters(min_codepoint=0xDC80, max_codepoint=0xDCFF))
KEYS = st.sampled_from(["", "a", "b", " a "])


def numbered(cells: list[tuple[str, ...]]) -> list[Row]:
    return [Row(number, row) for number, row in enumerate(cells, start=2)]


@settings(max_examples=20)  # a database each
@given(st.lists(st.lists(CELLS, max_size=4).map(tuple), max_size=20))
def test_rows_come_back_as_they_were(cells: list[tuple[str, ...]]) -> None:
    rows = numbered(cells)
    with tempfile.TemporaryDirectory() as folder, Spool(Path(folder)) as spool:
        assert spool.add(rows) == len(rows)
        assert list(spool.rows()) == rows


def test_on_the_way_it_tells_how_many_rows_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(files_spool, "_BATCH_ROWS", 2)
    told: list[int] = []
    with Spool(tmp_path) as spool:
        spool.add(numbered([("a",)] * 5), told.append)
    assert told == [2, 4, 5]


@settings(max_examples=20)
@given(st.lists(st.tuples(KEYS, st.sampled_from("xy")), max_size=30))
def test_rows_of_a_group_stand_together_the_earliest_group_first(cells: list[tuple[str, ...]]) -> None:
    rows = numbered(cells)

    def key(row: Row) -> object:
        return row.cells[0].strip() or row.number  # a row without a key stands alone

    first: dict[object, int] = {}
    for row in rows:
        first.setdefault(key(row), row.number)
    with tempfile.TemporaryDirectory() as folder, Spool(Path(folder)) as spool:
        spool.add(rows)
        assert list(spool.rows([0])) == sorted(rows, key=lambda row: (first[key(row)], row.number))


def test_the_different_cells_of_a_column_are_trimmed_and_not_empty(tmp_path: Path) -> None:
    with Spool(tmp_path) as spool:
        spool.add(numbered([("1", " a"), ("2", "a"), ("3", ""), ("4",), ("5", "b")]))
        assert sorted(spool.distinct(1)) == ["a", "b"]
