"""Takes a file out of gzip or zip."""

import gzip
import shutil
import zipfile
import zlib
from pathlib import Path
from typing import Final

from ordercast.first_line import first_line
from ordercast.imports.errors import FileUnreadable

_GZIP: Final = b"\x1f\x8b"
_ZIP: Final = b"PK\x03\x04"
# A workbook is a zip archive, too; this is in every one.
_OFFICE: Final = "[Content_Types].xml"


def unpack(path: Path, folder: Path) -> Path:
    """The file itself: `path`, or what is packed in it, written to `folder`. What a file is goes by its first bytes.

    Raises:
        FileUnreadable: missing, damaged, or an archive of several files.
    """
    try:
        with path.open("rb") as file:
            start = file.read(4)
        if start.startswith(_GZIP):
            return unpack(_gunzip(path, folder), folder)
        if start == _ZIP:
            return _unzip(path, folder)
    except OSError as error:  # gzip.BadGzipFile is one
        raise FileUnreadable(f"{path}: {error.strerror or error}") from error
    except (EOFError, zlib.error, zipfile.BadZipFile) as error:
        raise FileUnreadable(f"{path} is damaged: {first_line(error)}") from error
    except (
        RuntimeError
    ) as error:  # zipfile's: a password is needed, or (NotImplementedError) a compression that it does not know
        raise FileUnreadable(f"{path} cannot be unpacked: {first_line(error)}") from error
    return path


def _gunzip(path: Path, folder: Path) -> Path:
    target = folder / f"{path.name}.unpacked"
    with gzip.open(path) as packed, target.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return target


def _unzip(path: Path, folder: Path) -> Path:
    with zipfile.ZipFile(path) as archive:
        names = archive.namelist()
        if _OFFICE in names:
            return path
        files = [name for name in names if not name.endswith("/") and not name.startswith(("__MACOSX/", "."))]
        if len(files) != 1:
            raise FileUnreadable(
                f"{path} holds {len(files)} files: {', '.join(files)[:200]}",
                hint="unpack it and name one file, or the folder where a profile has several",
            )
        target = folder / f"{Path(files[0]).name}.unpacked"
        with archive.open(files[0]) as packed, target.open("wb") as plain:
            shutil.copyfileobj(packed, plain)
    return unpack(target, folder)
