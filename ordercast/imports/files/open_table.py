"""Opens a file as a table, whatever it is: its first bytes say."""

from pathlib import Path
from typing import Final

from ordercast.imports.errors import FileUnreadable
from ordercast.imports.files.csv_file import read_csv
from ordercast.imports.files.table import Table
from ordercast.imports.files.typed_files import read_ndjson, read_parquet, read_workbook
from ordercast.imports.files.unpack import GENEROUS, Bounds, unpack

_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # xlsx and ods are zip archives, xls is OLE
_PARQUET: Final = b"PAR1"
_UTF16: Final = (b"\xff\xfe", b"\xfe\xff")
_LOOKED_AT: Final = 4_096  # bytes


def open_table(path: Path, folder: Path, encoding: str | None = None, bounds: Bounds = GENEROUS) -> Table:
    """The table in a file; what has to be unpacked goes to `folder`, which outlives the table.

    Raises:
        FileUnreadable: missing, damaged, empty, or of a form that nobody knows.
    """
    plain = unpack(path, folder, bounds)
    with plain.open("rb") as file:
        start = file.read(_LOOKED_AT)
    if start.startswith(_WORKBOOKS):
        return read_workbook(plain)
    if start.startswith(_PARQUET):
        return read_parquet(plain)
    if b"\0" in start and not start.startswith(_UTF16) and encoding is None:
        raise FileUnreadable(
            f"{path} is neither text nor a workbook, Parquet, gzip or zip file",
            hint="save it as CSV or XLSX; text of an encoding with zero bytes needs --encoding",
        )
    if start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith((b"{", b"[")):
        return read_ndjson(plain)
    if start.startswith(_UTF16) and start[2:].replace(b"\0", b"").lstrip().startswith((b"{", b"[")):
        raise FileUnreadable(f"{path} is JSON in UTF-16", hint="JSON is UTF-8: `iconv -f UTF-16 -t UTF-8` makes it so")
    return read_csv(plain, folder, encoding)
