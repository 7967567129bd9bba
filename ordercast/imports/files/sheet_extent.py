"""How far a workbook's cells reach: its reader makes room for all that lies between the first and the last."""

import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from typing import IO, Final

_READ_AT_ONCE: Final = 1 << 20
# Bytes of a tag of cells; the longest have some hundred.
_LONGEST: Final = 1 << 20

# A tag's attributes, of which a value may hold ">" and the other kind of quotes, and one of them.
_ATTRIBUTES: Final = rb"""((?:[^<>"']|"[^"<]*"|'[^'<]*')*+)>"""
_ATTRIBUTE: Final = re.compile(rb"""([^\s=]+)\s*=\s*(?:"([^"]*)"|'([^']*)')""")

_COUNT: Final = re.compile(rb"\+?[0-9]{1,10}")

# XLSX: rows, and cells with their names, such as r="AB12". Where these are left out, they follow one another.
_XLSX: Final = "xl/workbook.xml"
_XLSX_DATA: Final = b"sheetData"
_XLSX_TAG: Final = re.compile(rb"<(?:[\w.-]+:)?(row|c)(?=[\s/>])" + _ATTRIBUTES)
_XLSX_CELL: Final = re.compile(rb"([A-Za-z]{1,10})([0-9]{1,10})")
_LETTERS: Final = 26

# ODS: rows and cells follow one another, and those that are equal stand there once with their count.
_ODS: Final = "content.xml"
_ODS_TAG: Final = re.compile(rb"<table:(table|table-row|table-cell|covered-table-cell)(?![\w-])" + _ATTRIBUTES)
# A cell may have what is in it as an attribute, and close itself.
_ODS_FILLED: Final = re.compile(rb"\boffice:|\btable:formula")
# Its reader takes about four times the room of the others for a cell: 120 bytes were seen.
_ODS_ROOM: Final = 4

# XLSB (MS-XLSB 2.1.4): records, each with its type and length in bytes of which the highest bit says that one more follows.
_XLSB: Final = "xl/workbook.bin"
_XLSB_DATA: Final = 145  # BrtBeginSheetData, which only a sheet has
_XLSB_ROW: Final = 0
_XLSB_CELLS: Final = range(1, 12)


def most_cells(workbook: zipfile.ZipFile) -> int:
    """Of the sheet with the most: its furthest row times its furthest column, however few cells are filled. Those of
    ODS take more room, and count four times."""
    members = workbook.namelist()
    names = {name.lower().replace("\\", "/"): name for name in members}
    asked: list[tuple[Callable[[IO[bytes]], int], Iterable[str]]] = []
    # Which files are sheets, the workbook says: any may be one. Only a sheet has data of a sheet in it.
    if _XLSX in names:
        asked.append((_xlsx_cells, members))
    if _XLSB in names:
        asked.append((_xlsb_cells, members))
    if _ODS in names:
        asked.append((_ods_cells, [names[_ODS]]))
    most = 0
    for cells, sheets in asked:
        for name in sheets:
            with workbook.open(name) as sheet:
                most = max(most, cells(sheet))
    return most


def _xlsx_cells(sheet: IO[bytes]) -> int:
    height = width = row = column = 0
    for piece in _pieces(sheet, b"<", begin=_XLSX_DATA):
        for kind, attributes in _XLSX_TAG.findall(piece):
            name = _attributes(attributes).get(b"r")
            if kind == b"row":
                row, column = int(name) if name and _COUNT.fullmatch(name) else row + 1, 0
                continue
            cell = _XLSX_CELL.fullmatch(name) if name else None
            column = _number(cell[1]) if cell else column + 1
            height, width = max(height, int(cell[2]) if cell else row), max(width, column)
    return height * width


@lru_cache(1 << 14)
def _number(letters: bytes) -> int:
    number = 0
    for letter in letters.upper():
        number = number * _LETTERS + letter - ord("A") + 1
    return number


def _ods_cells(sheets: IO[bytes]) -> int:
    most = height = width = row = repeated = column = 0
    for piece in _pieces(sheets, b"<"):
        for kind, attributes in _ODS_TAG.findall(piece):
            match kind:
                case b"table":
                    row = repeated = height = width = 0
                case b"table-row":
                    row, repeated, column = row + repeated, _times(attributes, b"table:number-rows-repeated"), 0
                case _:
                    column += _times(attributes, b"table:number-columns-repeated")
                    if not attributes.endswith(b"/") or _ODS_FILLED.search(attributes):  # a cell with something in it
                        height, width = max(height, row + repeated), max(width, column)
                        most = max(most, height * width * _ODS_ROOM)
    return most


def _times(attributes: bytes, name: bytes) -> int:
    times = _attributes(attributes).get(name, b"1")
    return int(times) if _COUNT.fullmatch(times) else 1


def _attributes(attributes: bytes) -> dict[bytes, bytes]:
    return {name: double or single for name, double, single in _ATTRIBUTE.findall(attributes)}


def _xlsb_cells(sheet: IO[bytes]) -> int:
    row = column = 0
    within = False
    while (kind := _varint(sheet)) is not None and (length := _varint(sheet)) is not None:
        record = sheet.read(length)
        within |= kind == _XLSB_DATA
        if kind == _XLSB_ROW:
            row = max(row, int.from_bytes(record[:4], "little") + 1)
        elif kind in _XLSB_CELLS:
            column = max(column, int.from_bytes(record[:4], "little") + 1)
    return row * column if within else 0


def _varint(sheet: IO[bytes]) -> int | None:
    number = shift = 0
    while byte := sheet.read(1):
        number |= (byte[0] & 0x7F) << shift
        if byte[0] < 0x80:
            return number
        shift += 7
    return None


def _pieces(sheet: IO[bytes], cut: bytes, *, begin: bytes = b"") -> Iterator[bytes]:
    """The sheet in pieces that end before a `cut`, so that nothing that is looked for is torn apart; from the one with
    `begin` in it on, which a file that is no sheet does not have.

    Raises:
        zipfile.BadZipFile: no `cut` for so long that no program has written it.
    """
    rest = b""
    begun = not begin
    while read := sheet.read(_READ_AT_ONCE):
        begun = begun or begin in rest + read
        whole, found, after = (rest + read).rpartition(cut)
        if begun:
            yield whole
        if len(after) > _LONGEST:
            if begun:
                raise zipfile.BadZipFile("a sheet is no XML of cells")
            after = after[-len(begin) :]
        rest = found + after
    if begun:
        yield rest
