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
    monkeypatch.setattr(sheet_extent, "_LONGEST", 1 << 20)
    with workbook((1, 1), (1_048_576, 16_384)) as book:
        assert most_cells(book) == 1 << 34


def packed(workbook: str, name: str, content: bytes) -> zipfile.ZipFile:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        if name != workbook:
            archive.writestr(workbook, b"")
        archive.writestr(name, content)
    return zipfile.ZipFile(file)


def ods(*rows: str) -> zipfile.ZipFile:
    return packed("content.xml", "content.xml", f"<table:table table:name='a'>{''.join(rows)}</table:table>".encode())


def ods_row(times: int, *cells: str) -> str:
    return f'<table:table-row table:number-rows-repeated="{times}">{"".join(cells)}</table:table-row>'


def ods_cell(times: int, text: str = "") -> str:
    start = f'<table:table-cell table:number-columns-repeated="{times}"'
    return f"{start} office:value-type='string'><text:p>{text}</text:p></table:table-cell>" if text else f"{start}/>"


@pytest.mark.parametrize(
    ("rows", "most"),
    [
        ([ods_row(1, ods_cell(3, "x"))], 3),
        # Spreadsheets fill a sheet to its end with rows and cells in which nothing is.
        ([ods_row(2, ods_cell(3, "x"), ods_cell(16_381)), ods_row(1_048_574, ods_cell(16_384))], 6),
        ([ods_row(10_000, ods_cell(1_000, "x"))], 10_000_000),
        ([ods_row(1_048_575, ods_cell(16_384)), ods_row(1, ods_cell(16_383), ods_cell(1, "far"))], 1 << 34),
    ],
)
def test_equal_rows_and_cells_of_ods_count_as_often_as_they_are(rows: list[str], most: int) -> None:
    with ods(*rows) as book:
        assert most_cells(book) == 4 * most


@pytest.mark.parametrize(
    ("cell", "most"),
    [
        ("office:value-type='float' office:value='5' table:number-columns-repeated='200'", 200),
        ("table:formula='of:=1' table:number-columns-repeated='200'", 200),
        ("table:style-name='a' table:number-columns-repeated='200'", 0),
    ],
)
def test_a_cell_of_ods_that_closes_itself_counts_if_an_attribute_says_what_is_in_it(cell: str, most: int) -> None:
    with ods(ods_row(10, f"<table:table-cell {cell}/>")) as book:
        assert most_cells(book) == 4 * 10 * most


@pytest.mark.parametrize("other", ["a>b", "/>", '"', 'table:number-columns-repeated="1"'])
def test_what_an_attribute_holds_ends_no_tag_of_ods_and_is_no_attribute(other: str) -> None:
    cell = f"<table:table-cell table:formula='{other}' table:number-columns-repeated = \"200\">"
    with ods(ods_row(10, f"{cell}<text:p>x</text:p></table:table-cell>")) as book:
        assert most_cells(book) == 4 * 10 * 200


@pytest.mark.parametrize(
    ("rows", "most"),
    [
        ('<row r="5000"><c><v>1</v></c><c><v>1</v></c></row>', 5_000 * 2),
        ("<row><c/><c/><c/></row><row/><row><c><v>1</v></c></row>", 3 * 3),
        ('<row r="7"><c r="C7"><v>1</v></c><c t="n"><v>1</v></c></row><row><c/></row>', 8 * 4),
        ("<x:row spans='>' r = '9'><x:c s='r=\"A1\"' r='zz9'/></x:row>", 9 * 702),
        ('<row r="5"/><cols><col min="1"/></cols>', 0),
    ],
)
@pytest.mark.parametrize("size", [7, 1 << 20])
# Which file is a sheet stands in the workbook's relations, and its name may be any.
@pytest.mark.parametrize("name", ["xl/worksheets/sheet1.xml", "elsewhere/sheet1", "xl/calcChain.xml"])
def test_cells_of_xlsx_without_names_follow_one_another(
    rows: str, most: int, size: int, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_extent, "_READ_AT_ONCE", size)
    with packed("xl/workbook.xml", name, f"<sheetData>{rows}</sheetData>".encode()) as book:
        assert most_cells(book) == most


def xlsb_record(kind: int, content: bytes) -> bytes:
    return bytes([kind, 0x80 | (len(content) & 0x7F), len(content) >> 7]) + content


BEGIN_SHEET_DATA = bytes([0x91, 0x01, 0])


def test_rows_and_cells_of_xlsb_are_read_from_its_records() -> None:
    row = xlsb_record(0, (299).to_bytes(4, "little") + bytes(13))
    cell = xlsb_record(5, (15).to_bytes(4, "little") + bytes(200))
    # A row's number is no column, and a record of another type is neither.
    other = xlsb_record(60, (9_999).to_bytes(4, "little"))
    for name in ("xl/worksheets/sheet1.bin", "xl/elsewhere/sheet1.bin"):
        with packed("xl/workbook.bin", name, BEGIN_SHEET_DATA + row + cell + other) as book:
            assert most_cells(book) == 300 * 16
    with packed("xl/workbook.bin", "xl/printerSettings1.bin", row + cell) as book:
        assert most_cells(book) == 0


def test_a_sheet_without_an_end_of_its_first_tag_is_damaged() -> None:
    with (
        packed("content.xml", "content.xml", b"<" + bytes(3 << 20)) as book,
        pytest.raises(zipfile.BadZipFile, match="no XML"),
    ):
        most_cells(book)


@pytest.mark.parametrize(
    "content", [b'<calcChain><c r="A900000"/><c r="XFD1"/></calcChain>', bytes(3 << 20), b"<" + bytes(3 << 20)]
)
def test_a_file_of_a_workbook_that_is_no_sheet_has_no_cells(content: bytes) -> None:
    with packed("xl/workbook.xml", "xl/other", content) as book:
        assert most_cells(book) == 0
