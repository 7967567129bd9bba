"""Reads NDJSON (one JSON document a line) from a request, as it comes in."""

import asyncio
import zlib
from collections.abc import AsyncIterable, AsyncIterator
from typing import Final, TypeVar

import msgspec

from ordercast.first_line import first_line
from ordercast.services.order_api.errors import BodyTooLong, NotNdjson, UnknownEncoding
from ordercast.services.order_api.line_reasons import reason_of
from ordercast.services.shared.http.json_text import AmbiguousJson, refuse_ambiguous

# The longest order that is taken, 2,000 items with long names, has some 700 kB; a longer line is no order.
MAX_LINE_BYTES: Final = 1_000_000
# One after the other. They have no line in the answer, and so would go on unseen.
MAX_BLANK_LINES: Final = 1_000
# Bytes that are looked at together: a small compressed body may stand for a thousand times its length.
UNPACKED_AT_ONCE: Final = 65_536

_BOM: Final = b"\xef\xbb\xbf"
_GZIP: Final = zlib.MAX_WBITS | 16  # zlib's way to ask for gzip's header and checksum
# What a body starts with that was sent by mistake.
_OTHER_FILES: Final = {
    b"\x1f\x8b": "it is compressed, which the header Content-Encoding: gzip has to say",
    b"PK\x03\x04": "it is a ZIP archive or a spreadsheet",
    b"PAR1": "it is a Parquet file",
    b"\xff\xfe": "it is UTF-16; JSON is UTF-8",
    b"\xfe\xff": "it is UTF-16; JSON is UTF-8",
}

Line = TypeVar("Line")


class LineRefused(Exception):
    """Why a line is not taken; the lines around it are."""


async def unpacked(
    chunks: AsyncIterable[bytes], encoding: str | None, *, max_bytes: int | None = None
) -> AsyncIterator[bytes]:
    """The body as it was before it was encoded (the header Content-Encoding; none or gzip), in small chunks.

    Raises:
        UnknownEncoding: it is another encoding.
        NotNdjson: the compressed body is damaged or cut off.
        BodyTooLong: unpacked, it is longer than `max_bytes`.
    """
    coding = (encoding or "identity").strip().lower()
    if coding not in ("identity", "gzip", "x-gzip"):
        raise UnknownEncoding(f"bodies may come as they are or with gzip, not with {coding[:100]!r}")
    length = 0
    async for chunk in chunks if coding == "identity" else _gunzip(chunks):
        length += len(chunk)
        if max_bytes is not None and length > max_bytes:
            raise BodyTooLong(f"unpacked, at most {max_bytes} bytes are accepted here")
        yield chunk


async def _gunzip(chunks: AsyncIterable[bytes]) -> AsyncIterator[bytes]:
    """Any number of gzip members, one after the other (RFC 1952)."""
    member = zlib.decompressobj(_GZIP)
    started = False
    try:
        async for chunk in chunks:
            rest = chunk
            while rest:
                if member.eof:
                    member = zlib.decompressobj(_GZIP)
                started = True
                if piece := member.decompress(rest, UNPACKED_AT_ONCE):
                    yield piece
                rest = member.unused_data if member.eof else member.unconsumed_tail
                await asyncio.sleep(0)  # a chunk may stand for many more bytes: others get their turn
    except zlib.error as error:
        raise NotNdjson(f"the gzip body is damaged: {first_line(error)}") from None
    # What zlib has taken in and not yet given out.
    while started and not member.eof:
        try:
            piece = member.decompress(b"", UNPACKED_AT_ONCE)
        except zlib.error as error:
            raise NotNdjson(f"the gzip body is damaged: {first_line(error)}") from None
        if not piece:
            raise NotNdjson("the gzip body is cut off")
        yield piece


async def read_lines(
    chunks: AsyncIterable[bytes], *, max_line_bytes: int = MAX_LINE_BYTES
) -> AsyncIterator[tuple[int, bytes | LineRefused]]:
    """The lines with their numbers from 1, blank ones left out. Holds no more than one line and one chunk in memory.

    A byte order mark and CRLF are no part of a line.

    Raises:
        NotNdjson: the first line shows that this is something else as a whole, or there are blank lines without end.
    """
    number, too_long, started, last = 0, False, False, 0
    rest = bytearray()  # of a line whose end has not come; appended to, since its chunks may be many and small
    async for chunk in chunks:
        rest += chunk
        if b"\n" in chunk:
            *complete, remainder = bytes(rest).split(b"\n")
            rest = bytearray(remainder)
        else:
            complete = []
        for raw in complete:
            number += 1
            line = _without_marks(raw, number)
            if too_long or len(line) > max_line_bytes:
                yield number, _too_long(max_line_bytes)
            elif line.strip():
                if not started:
                    _check_first(line)
                    started = True
                yield number, line
            elif number - last > MAX_BLANK_LINES:
                raise NotNdjson(f"more than {MAX_BLANK_LINES} blank lines follow line {last}")
            else:
                continue
            last, too_long = number, False
        if len(rest) > max_line_bytes:
            if not started:
                _check_first(_without_marks(bytes(rest), number + 1), whole=False)
                started = True
            too_long = True
            rest.clear()
    line = _without_marks(bytes(rest), number + 1)
    if too_long or len(line) > max_line_bytes:
        yield number + 1, _too_long(max_line_bytes)
    elif line.strip():
        if not started:
            _check_first(line)
        yield number + 1, line


def _without_marks(line: bytes, number: int) -> bytes:
    line = line.removesuffix(b"\r")
    return line.removeprefix(_BOM) if number == 1 else line


def _too_long(limit: int) -> LineRefused:
    return LineRefused(f"the line is longer than {limit} bytes")


def _check_first(line: bytes, *, whole: bool = True) -> None:
    """Refuses the body once, where each of its lines would be refused for the same reason."""
    for start, reason in _OTHER_FILES.items():
        if line.startswith(start):
            raise NotNdjson(f"the body is no NDJSON: {reason}")
    text = line.strip()
    if b"\0" in text[:4]:
        raise NotNdjson("the body is no NDJSON: it is UTF-16 or UTF-32; JSON is UTF-8")
    if text.startswith(b"["):
        raise NotNdjson("the body is no NDJSON: it is one JSON array; send each of its objects on a line of its own")
    if not text.startswith(b"{"):
        raise NotNdjson("the body is no NDJSON: its first line is no JSON object (is it a CSV file?)")
    if whole and text == b"{":
        raise NotNdjson("the body is no NDJSON: its first object goes over several lines")


def parse_line(decoder: "msgspec.json.Decoder[Line]", line: bytes) -> Line:
    """The document of a line.

    Raises:
        LineRefused: it is no UTF-8, no JSON, has a name twice, or does not fit its type; the message says where.
    """
    try:
        document = decoder.decode(line)
        refuse_ambiguous(line)
    except msgspec.ValidationError as error:
        raise LineRefused(reason_of(error, decoder.type)) from None
    except msgspec.DecodeError as error:
        raise LineRefused(f"not valid JSON: {first_line(error)}") from None
    except UnicodeDecodeError:
        raise LineRefused("not valid UTF-8") from None
    except AmbiguousJson as error:
        raise LineRefused(error.what) from None
    return document
