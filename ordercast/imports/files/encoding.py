"""Finds the encoding of a text file by looking at all of it."""

from pathlib import Path
from typing import Final

from charset_normalizer import from_bytes

UTF8: Final = "utf-8"
_BOMS: Final = (
    (b"\xef\xbb\xbf", "utf-8-sig"),
    (b"\xff\xfe\0\0", "utf-32"),  # before UTF-16, whose mark it begins with
    (b"\xff\xfe", "utf-16"),
    (b"\xfe\xff", "utf-16"),
)
# Of shops' exports: Korean, Japanese (both as Windows writes them), and the Windows of western Europe and America.
_OLDER: Final = ("cp949", "cp932", "cp1252")
# Bytes of lines beyond ASCII that are enough to tell a language.
_SAMPLE_BYTES: Final = 200_000


def find_encoding(path: Path) -> str:
    """UTF-8 (with or without BOM), UTF-16 by its BOM, or the older encoding in which every line can be read.

    A file whose lines beyond ASCII are mostly UTF-8 is UTF-8: the others are damaged, and are refused one by one.
    """
    with path.open("rb") as file:
        start = file.read(4)
        file.seek(0)
        for bom, name in _BOMS:
            if start.startswith(bom):
                return name
        good, bad, sample = 0, 0, bytearray()
        possible = list(_OLDER)
        for line in file:
            if line.isascii():
                continue
            if _decodes(line, UTF8):
                good += 1
                continue
            bad += 1
            possible = [name for name in possible if _decodes(line, name)]
            if len(sample) < _SAMPLE_BYTES:
                sample += line
    if good >= bad:
        return UTF8
    return _likeliest(bytes(sample), possible)


def _likeliest(sample: bytes, possible: list[str]) -> str:
    if len(possible) <= 1:
        return possible[0] if possible else UTF8
    match = from_bytes(sample, cp_isolation=possible).best()
    return match.encoding if match else possible[-1]


def _decodes(line: bytes, encoding: str) -> bool:
    try:
        line.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True
