"""A file is a table, whatever form it has."""

import gzip
import io
import json
import os
import zipfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path
from xml.sax.saxutils import escape

import pyarrow
import pyarrow.parquet
import pytest
import xlsxwriter

from ordercast.imports.errors import FileUnreadable
from ordercast.imports.files.open_table import open_table
from ordercast.imports.files.table import Row
from ordercast.imports.files.unpack import Bounds

HEADER = ("order", "sku", "qty", "price", "date")
ROWS = [
    ("1", "MUG", "2", "10.25", "2026-04-05 21:06:00"),
    ("2", 'tea "red", large\nbox', "1", "3", "2026-04-06 08:00:00"),
]
CSV = 'order,sku,qty,price,date\r\n1,MUG,2,10.25,2026-04-05 21:06:00\r\n2,"tea ""red"", large\nbox",1,3,2026-04-06 08:00:00\r\n'


def write_open_document(path: Path) -> None:
    def cell(value: str) -> str:
        number = (
            f'office:value-type="float" office:value="{value}"' if value.isdigit() else 'office:value-type="string"'
        )
        return f"<table:table-cell {number}><text:p>{escape(value)}</text:p></table:table-cell>"

    rows = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in (HEADER, *ROWS))
    names = "".join(
        f' xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"' for name in ("office", "table", "text")
    )
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr(
            "content.xml",
            f"<office:document-content{names}><office:body><office:spreadsheet><table:table table:name='Orders'>{rows}"
            "</table:table></office:spreadsheet></office:body></office:document-content>",
        )
        archive.writestr("META-INF/manifest.xml", "<manifest/>")


def write_workbook(path: Path) -> None:
    book = xlsxwriter.Workbook(path)
    day = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
    for name, rows in (("2025", ROWS[:1]), ("notes", []), ("2026", ROWS[1:])):
        sheet = book.add_worksheet(name)
        sheet.write_row(0, 0, HEADER if rows else ["something else"])
        for number, row in enumerate(rows, start=1):
            sheet.write_row(number, 0, [int(row[0]), row[1], int(row[2]), float(row[3])])
            sheet.write_datetime(number, 4, datetime.fromisoformat(row[4]), day)
    book.close()


def write_parquet(path: Path) -> None:
    columns = [[int(r[0]) for r in ROWS], [r[1] for r in ROWS], [int(r[2]) for r in ROWS], [float(r[3]) for r in ROWS]]
    table = pyarrow.table([*columns, [datetime.fromisoformat(r[4]) for r in ROWS]], names=list(HEADER))
    pyarrow.parquet.write_table(table, path)


def write_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("__MACOSX/._rows.csv", "x")
        archive.writestr("rows.csv", CSV)


def write_ndjson(path: Path) -> None:
    lines = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
    lines[0] |= {"qty": 2, "price": 10.25}  # type: ignore[dict-item]
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))


FORMS = {
    "csv": lambda path: path.write_text(CSV, newline=""),
    "semicolons": lambda path: path.write_text(CSV.replace('", large', '" large').replace(",", ";"), newline=""),
    "bom": lambda path: path.write_text(CSV, newline="", encoding="utf-8-sig"),
    "utf16": lambda path: path.write_text(CSV, newline="", encoding="utf-16"),
    "gzip": lambda path: path.write_bytes(gzip.compress(CSV.encode())),
    "gzip in zip": lambda path: path.write_bytes(gzip.compress(zipped())),
    "zip": write_zip,
    "xlsx": write_workbook,
    "ods": write_open_document,
    "parquet": write_parquet,
    "ndjson": write_ndjson,
}


def zipped() -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("rows.csv", CSV)
    return content.getvalue()


@pytest.mark.parametrize("form", FORMS)
def test_the_same_rows_come_out_of_every_form(tmp_path: Path, form: str) -> None:
    path = tmp_path / "no ending that says anything"
    FORMS[form](path)
    table = open_table(path, tmp_path)
    assert table.header == HEADER
    cells = [row.cells for row in table.rows]
    expected = [tuple(cell.replace('", large', '" large') for cell in row) for row in ROWS]
    assert cells == (expected if form == "semicolons" else ROWS)


def test_rows_have_the_numbers_that_a_spreadsheet_shows(tmp_path: Path) -> None:
    path = tmp_path / "report.csv"
    path.write_text("Report of June\n\norder,sku,qty\n1,A,2\n\n1,B,3\n")
    table = open_table(path, tmp_path)
    assert table.header == ("order", "sku", "qty")
    assert list(table.rows) == [Row(4, ("1", "A", "2")), Row(6, ("1", "B", "3"))]


def test_a_row_that_is_too_short_or_too_long_comes_through_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ragged.csv"
    path.write_text("order,sku,qty\n1,A,2\n1,B\n1,C,3,4\n" + "2,D,1\n" * 20)
    table = open_table(path, tmp_path)
    assert table.header == ("order", "sku", "qty")
    assert [row.cells for row in table.rows][:3] == [("1", "A", "2"), ("1", "B"), ("1", "C", "3", "4")]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (gzip.compress(CSV.encode() * 9_999, mtime=0)[:-20], "damaged"),
        (b"\x1f\x8bno gzip", "Not a gzipped|damaged|compression"),
        (b"PK\x03\x04no zip", "damaged"),
        (b"\xd0\xcf\x11\xe0no workbook", "no workbook"),
        (b"PAR1no parquet", "no Parquet file"),
        (b"\x89PNG\0\0\0\x01", "neither text nor a workbook"),
        (b"[1, 2]", "one JSON object a line|Expected `object`"),
        (b'{"a":' + b"[" * 9_999, r"line 1: maximum recursion depth"),
        ('{"a": 1}\n'.encode("utf-16"), "JSON in UTF-16"),
        (CSV.encode("utf-16")[:-1], "damaged after row 2"),
        (CSV.encode() + b'3,"open,2,1,2026\r\n4,MUG,2,1,2026\r\n', "a quote that opens in row 4 is never closed"),
        (b"x" * 3_000_000, "damaged after row 0"),
    ],
)
def test_a_file_that_cannot_be_read_says_so_in_words(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "rows.xlsx"
    path.write_bytes(content)
    with pytest.raises(FileUnreadable, match=says) as refused:
        list(open_table(path, tmp_path).rows)
    assert str(refused.value).isprintable()


@pytest.mark.parametrize(
    "content",
    [
        CSV.replace("\r\n1,", "\n1,").encode(),
        CSV.replace("\r\n", "\r").encode(),
        CSV.encode("utf-32"),
        b"\r\n\r\n" + CSV.encode(),
    ],
    ids=["mixed ends of lines", "ends of lines of old Macs", "UTF-32", "empty lines first"],
)
def test_what_python_reads_is_not_refused_by_the_sniffer(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    table = open_table(path, tmp_path)
    assert (table.header, [row.cells[:3] for row in table.rows]) == (HEADER, [row[:3] for row in ROWS])


def test_a_byte_order_mark_and_empty_lines_are_no_part_of_json(tmp_path: Path) -> None:
    path = tmp_path / "views.ndjson"
    path.write_bytes(b'\xef\xbb\xbf{"sku": "MUG"}\r\n\r\n{"sku": "TEA"}')
    assert [row.cells for row in open_table(path, tmp_path).rows] == [("MUG",), ("TEA",)]


def test_a_file_may_come_through_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as writer:
        written = writer.submit(pipe.write_bytes, gzip.compress(CSV.encode(), mtime=0))
        table = open_table(pipe, tmp_path)
        written.result()
    assert len(list(table.rows)) == len(ROWS)


def test_what_is_neither_a_file_nor_a_pipe_is_not_opened(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match="neither a file nor a pipe"):
        open_table(Path("/dev/zero"), tmp_path)


def test_a_workbook_with_a_cell_far_away_is_left_before_its_reader_takes_the_memory(tmp_path: Path) -> None:
    with xlsxwriter.Workbook(tmp_path / "rows.xlsx") as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER)
        sheet.write_row(1, 0, ROWS[0])
        sheet.write(1_048_575, 16_383, "a note")
    with pytest.raises(FileUnreadable, match="reaches over more than 60,000,000 cells") as refused:
        open_table(tmp_path / "rows.xlsx", tmp_path)
    assert refused.value.hint.startswith("clear what stands far below")


def test_archives_in_archives_come_to_an_end(tmp_path: Path) -> None:
    packed = CSV.encode()
    for _ in range(9):
        packed = gzip.compress(packed, mtime=0)
    (tmp_path / "rows.gz").write_bytes(packed)
    with pytest.raises(FileUnreadable, match="archives in one another"):
        open_table(tmp_path / "rows.gz", tmp_path)


@pytest.mark.parametrize(("ratio", "told"), [(250, "more than 250 times its size"), (0, "more than 1 MB")])
def test_an_archive_made_to_fill_the_disk_is_left(tmp_path: Path, ratio: int, told: str) -> None:
    bounds = Bounds(harmless_bytes=1 << 20, ratio=ratio)
    (tmp_path / "rows.gz").write_bytes(gzip.compress(b"\0" * 9_000_000, mtime=0))
    with pytest.raises(FileUnreadable, match=told):
        open_table(tmp_path / "rows.gz", tmp_path, bounds=bounds)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 4_000_000


def test_what_desktops_put_into_an_archive_is_no_second_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        for name in ("shop/orders.csv", "shop/.DS_Store", "shop/Thumbs.db", "__MACOSX/shop/._orders.csv"):
            archive.writestr(name, CSV)
    assert open_table(tmp_path / "all.zip", tmp_path).header == HEADER


def test_the_header_of_a_sheet_may_stand_below_a_title(tmp_path: Path) -> None:
    book = xlsxwriter.Workbook(tmp_path / "rows.xlsx")
    for name in ("2025", "2026"):
        sheet = book.add_worksheet(name)
        sheet.write(0, 0, f"Orders of {name}")
        sheet.write_row(2, 0, HEADER)
        sheet.write_row(3, 0, [1, "MUG", 2, 10.25, name])
        sheet.write_row(4, 0, ["", "", 2])  # a sum is a row as any other
    book.close()
    table = open_table(tmp_path / "rows.xlsx", tmp_path)
    assert table.header == HEADER
    assert [row.cells[2:] for row in table.rows] == [
        ("2", "10.25", "2025"),
        ("2", "", ""),
        ("2", "10.25", "2026"),
        ("2", "", ""),
    ]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"gone\.csv: No such file"):
        open_table(tmp_path / "gone.csv", tmp_path)


def test_an_archive_of_several_files_names_them(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("a.csv", CSV)
        archive.writestr("b.csv", CSV)
    with pytest.raises(FileUnreadable, match=r"2 files: a\.csv, b\.csv"):
        open_table(tmp_path / "all.zip", tmp_path)


def test_an_archive_with_a_password_is_not_called_damaged(tmp_path: Path) -> None:
    locked = bytearray(zipped())
    for header, flags in (
        (b"PK\x03\x04", 6),
        (b"PK\x01\x02", 8),
    ):  # of the file and of the directory: bit 0 says it is encrypted
        locked[locked.index(header) + flags] |= 1
    path = tmp_path / "orders.zip"
    path.write_bytes(locked)
    with pytest.raises(FileUnreadable, match=r"cannot be unpacked: .*password required"):
        open_table(path, tmp_path)
