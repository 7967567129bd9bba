"""Takes a file out of gzip or zip, and out of a pipe."""

import gzip
import stat
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Final

from ordercast.first_line import first_line
from ordercast.imports.errors import FileUnreadable
from ordercast.imports.files.sheet_extent import most_cells

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
# A workbook is a zip archive, too: of Office, with this in it, or of OpenDocument, which says what it is.
_OFFICE: Final = "[Content_Types].xml"
_OPEN_DOCUMENT: Final = "mimetype"
_OPEN_DOCUMENT_SHEETS: Final = b"application/vnd.oasis.opendocument.spreadsheet"
# Archives in archives: somebody's export may be a zip with a gzip in it, and no more.
_NESTED_MAX: Final = 4
_COPIED_AT_ONCE: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may come out of a file.

    What unpacks to more than `harmless_bytes` and `ratio` times its own size is no shop's export, but made to fill a disk. A
    workbook is read as a whole: with more XML than `workbook_bytes` it would take the machine's memory. A sheet has room (32 bytes)
    for each of its `cells` up to the last one, also where one far away is the only one.
    """

    harmless_bytes: int = 1 << 30
    ratio: int = 250
    workbook_bytes: int = 1 << 30
    cells: int = 60_000_000


# Of somebody's own machine.
GENEROUS: Final = Bounds()


def unpack(path: Path, folder: Path, bounds: Bounds = GENEROUS, nested: int = 0) -> Path:
    """The file itself: `path`, or what is packed in it or comes through it, written to `folder`. What a file is goes by its
    first bytes.

    Raises:
        FileUnreadable: missing, damaged, no file, or an archive of several files.
    """
    if nested > _NESTED_MAX:
        raise FileUnreadable(f"{path}: more than {_NESTED_MAX} archives in one another", hint="unpack it")
    try:
        mode = path.stat().st_mode
        if stat.S_ISFIFO(mode):  # can be read once only
            return unpack(_copied(path, folder), folder, bounds, nested + 1)
        if not stat.S_ISREG(mode):
            raise FileUnreadable(f"{path} is neither a file nor a pipe")
        with path.open("rb") as file:
            start = file.read(4)
        if start.startswith(_GZIP):
            return unpack(_gunzip(path, folder, bounds), folder, bounds, nested + 1)
        if start == _ZIP:
            return _unzip(path, folder, bounds, nested)
    except OSError as error:  # gzip.BadGzipFile is one
        raise FileUnreadable(f"{path}: {error.strerror or error}") from error
    except (EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise FileUnreadable(f"{path} is damaged: {first_line(error)}") from error
    # zipfile's: a password is needed, or (NotImplementedError) a compression that it does not know
    except RuntimeError as error:
        raise FileUnreadable(f"{path} cannot be unpacked: {first_line(error)}") from error
    return path


def _copied(path: Path, folder: Path) -> Path:
    target = _target(folder, path.name)
    with path.open("rb") as pipe, target.open("wb") as plain:
        while piece := pipe.read(_COPIED_AT_ONCE):
            plain.write(piece)
    return target


def _gunzip(path: Path, folder: Path, bounds: Bounds) -> Path:
    target = _target(folder, path.name)
    with gzip.open(path) as packed:
        _write(packed, target, path, bounds)
    return target


def _target(folder: Path, name: str) -> Path:
    return folder / f"unpacked {name[-60:]}"  # the name has to fit twice into what file systems take


def _write(packed: IO[bytes] | gzip.GzipFile, target: Path, path: Path, bounds: Bounds) -> None:
    harmless = max(bounds.harmless_bytes, bounds.ratio * path.stat().st_size)
    with target.open("wb") as plain:
        while piece := packed.read(_COPIED_AT_ONCE):
            plain.write(piece)
            if plain.tell() > harmless:
                size = f"{bounds.ratio} times its size" if bounds.ratio else f"{harmless >> 20:,} MB"
                reason = f"{path} unpacks to more than {size}"
                raise FileUnreadable(reason, hint="if that is right, unpack it, and import what was in it")


def _unzip(path: Path, folder: Path, bounds: Bounds, nested: int) -> Path:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if _is_workbook(archive, names):
            if sum(file.file_size for file in archive.infolist()) > bounds.workbook_bytes:
                raise FileUnreadable(f"{path} is too large for a workbook", hint="save its sheet as CSV")
            if most_cells(archive) > bounds.cells:
                raise FileUnreadable(
                    f"{path} has a sheet that reaches over more than {bounds.cells:,} cells",
                    hint="clear what stands far below or beside its table, or save the sheet as CSV",
                )
            return path
        files = [name for name in names if not name.endswith("/") and not _is_of_desktop(name)]
        if len(files) != 1:
            raise FileUnreadable(
                f"{path} holds {len(files)} files: {', '.join(files)[:200]}",
                hint="unpack it and name one file, or the folder where a profile has several",
            )
        target = _target(folder, Path(files[0]).name)
        with archive.open(files[0]) as packed:
            _write(packed, target, path, bounds)
    return unpack(target, folder, bounds, nested + 1)


def _is_workbook(archive: zipfile.ZipFile, names: list[str]) -> bool:
    if _OPEN_DOCUMENT not in names:
        return _OFFICE in names
    with archive.open(_OPEN_DOCUMENT) as file:
        return file.read(len(_OPEN_DOCUMENT_SHEETS)) == _OPEN_DOCUMENT_SHEETS


def _is_of_desktop(name: str) -> bool:
    """Whether it is one of the files that desktops put into archives."""
    return name.startswith("__MACOSX/") or Path(name).name.startswith(".") or name.endswith("Thumbs.db")
