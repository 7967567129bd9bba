"""How far a workbook's cells reach: its reader makes room for all that lies between the first and the last."""

import re
import zipfile
from typing import Final

# A cell's name in the XML of a sheet, such as r="AB12". A row's own r has no letters.
_CELL: Final = re.compile(rb"""\br=["']([A-Z]{1,3})([0-9]{1,7})["']""")
_SHEETS: Final = re.compile(r"xl/worksheets/[^/]+\.xml")
_READ_AT_ONCE: Final = 1 << 20
# Of a name that the end of a piece cuts.
_LONGEST_NAME: Final = 16
_LETTERS: Final = 26


def most_cells(workbook: zipfile.ZipFile) -> int:
    """Of the sheet with the most: its furthest row times its furthest column, however few cells are filled."""
    return max((_cells(workbook, name) for name in workbook.namelist() if _SHEETS.fullmatch(name)), default=0)


def _cells(workbook: zipfile.ZipFile, name: str) -> int:
    row, column = 0, b""
    with workbook.open(name) as sheet:
        rest = b""
        while piece := sheet.read(_READ_AT_ONCE):
            for letters, number in _CELL.findall(rest + piece):
                row = max(row, int(number))
                if (len(letters), letters) > (len(column), column):
                    column = letters
            rest = piece[-_LONGEST_NAME:]
    return row * _number(column)


def _number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * _LETTERS + letter - ord("A") + 1
    return number
