"""How far a workbook's cells reach."""

import io
import zipfile

import pytest
import xlsxwriter

from ordercast.imports.files import sheet_extent
from ordercast.imports.files.sheet_extent import most_cells


def workbook(*cells: tuple[int, int]) -> zipfile.ZipFile:
    packed = io.BytesIO()
    with xlsxwriter.Workbook(packed) as book:
        book.add_worksheet()
        sheet = book.add_worksheet()
        for row, column in cells:
            sheet.write(row - 1, column - 1, "x")
    return zipfile.ZipFile(packed)


@pytest.mark.parametrize(
    ("cells", "most"),
    [
        ((), 0),
        (((1, 1),), 1),
        (((3, 2), (2, 28)), 3 * 28),
        (((1, 26), (9, 27)), 9 * 27),
        (((1_048_576, 16_384),), 1 << 34),
    ],
)
def test_it_is_the_furthest_row_times_the_furthest_column(cells: tuple[tuple[int, int], ...], most: int) -> None:
    with workbook(*cells) as book:
        assert most_cells(book) == most


@pytest.mark.parametrize("size", [17, 18, 19, 23, 64])
def test_a_name_that_is_cut_by_the_end_of_a_piece_counts(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sheet_extent, "_READ_AT_ONCE", size)
    with workbook((1, 1), (1_048_576, 16_384)) as book:
        assert most_cells(book) == 1 << 34
