"""How far a workbook's cells reach: its reader makes room for all that lies between the first and the last."""

import re
import zipfile
from collections.abc import Iterator
from typing import IO, Final

_READ_AT_ONCE: Final = 1 << 20
# Bytes of a tag of cells; the longest have some hundred.
_LONGEST: Final = 1 << 20

# XLSX: a cell's name in the XML of a sheet, such as r="AB12". A row's own r has no letters.
_XLSX_SHEETS: Final = re.compile(r"xl/worksheets/[^/]+\.xml")
_XLSX_CELL: Final = re.compile(rb"""\br=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_LETTERS: Final = 26

# ODS: rows and cells follow one another, and those that are equal stand there once with their count.
_ODS_SHEETS: Final = re.compile(r"content\.xml")
_ODS_TAG: Final = re.compile(rb"<table:(table|table-row|table-cell|covered-table-cell)(?![\w-])([^>]*)>")
_ODS_REPEATED: Final = re.compile(rb"""\btable:number-(?:rows|columns)-repeated=["']([0-9]{1,10})["']""")
# Its reader takes about four times the room of the others for a cell: 120 bytes were seen.
_ODS_ROOM: Final = 4

# XLSB (MS-XLSB 2.1.4): records, each with its type and length in bytes of which the highest bit says that one more follows.
_XLSB_SHEETS: Final = re.compile(r"xl/worksheets/[^/]+\.bin")
_XLSB_ROW: Final = 0
_XLSB_CELLS: Final = range(1, 12)


def most_cells(workbook: zipfile.ZipFile) -> int:
    """Of the sheet with the most: its furthest row times its furthest column, however few cells are filled. Those of
    ODS take more room, and count four times."""
    forms = ((_XLSX_SHEETS, _xlsx_cells), (_ODS_SHEETS, _ods_cells), (_XLSB_SHEETS, _xlsb_cells))
    most = 0
    for name in workbook.namelist():
        for sheets, cells in forms:
            if sheets.fullmatch(name):
                with workbook.open(name) as sheet:
                    most = max(most, cells(sheet))
    return most


def _xlsx_cells(sheet: IO[bytes]) -> int:
    row, column = 0, b""
    for piece in _pieces(sheet, b" "):
        for letters, number in _XLSX_CELL.findall(piece):
            row = max(row, int(number))
            if (len(letters), letters) > (len(column), column):
                column = letters
    return row * _number(column)


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * _LETTERS + letter - ord("A") + 1
    return number


def _ods_cells(sheets: IO[bytes]) -> int:
    most = height = width = row = repeated = column = 0
    for piece in _pieces(sheets, b"<"):
        for kind, attributes in _ODS_TAG.findall(piece):
            count = _ODS_REPEATED.search(attributes)
            times = int(count[1]) if count else 1
            match kind:
                case b"table":
                    row = repeated = height = width = 0
                case b"table-row":
                    row, repeated, column = row + repeated, times, 0
                case _:
                    column += times
                    if not attributes.endswith(b"/"):  # a cell with something in it
                        height, width = max(height, row + repeated), max(width, column)
                        most = max(most, height * width * _ODS_ROOM)
    return most


def _xlsb_cells(sheet: IO[bytes]) -> int:
    row = column = 0
    while (kind := _varint(sheet)) is not None and (length := _varint(sheet)) is not None:
        record = sheet.read(length)
        if kind == _XLSB_ROW:
            row = max(row, int.from_bytes(record[:4], "little") + 1)
        elif kind in _XLSB_CELLS:
            column = max(column, int.from_bytes(record[:4], "little") + 1)
    return row * column


def _varint(sheet: IO[bytes]) -> int | None:
    number = shift = 0
    while byte := sheet.read(1):
        number |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return number
        shift += 7
    return None


def _pieces(sheet: IO[bytes], cut: bytes) -> Iterator[bytes]:
    """The sheet in pieces that end before a `cut`, so that nothing that is looked for is torn apart.

    Raises:
        zipfile.BadZipFile: no `cut` for so long that no program has written it.
    """
    rest = b""
    while read := sheet.read(_READ_AT_ONCE):
        whole, found, after = (rest + read).rpartition(cut)
        if len(after) > _LONGEST:
            raise zipfile.BadZipFile("a sheet is no XML of cells")
        yield whole
        rest = found + after
    yield rest
