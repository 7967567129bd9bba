"""Reads NDJSON (one JSON document a line) from a request, as it comes in."""

from collections.abc import AsyncIterable, AsyncIterator
from typing import Final, TypeVar

import msgspec

from ordercast.first_line import first_line

# The longest order that is taken, 2,000 items with long names, has some 700 kB; a longer line is no order.
MAX_LINE_BYTES: Final = 1_000_000


Line = TypeVar("Line")


class LineRefused(Exception):
    """Why a line is not taken; the lines around it are."""


async def read_lines(
    chunks: AsyncIterable[bytes], *, max_line_bytes: int = MAX_LINE_BYTES
) -> AsyncIterator[tuple[int, bytes | LineRefused]]:
    """The lines with their numbers from 1, blank ones left out. Holds no more than one line and one chunk in memory."""
    number, rest, too_long = 0, b"", False
    async for chunk in chunks:
        *complete, rest = (rest + chunk).split(b"\n")
        for line in complete:
            number += 1
            if too_long or len(line) > max_line_bytes:
                yield number, _too_long(max_line_bytes)
            elif line.strip():
                yield number, line
            too_long = False
        if len(rest) > max_line_bytes:
            rest, too_long = b"", True
    if too_long:
        yield number + 1, _too_long(max_line_bytes)
    elif rest.strip():
        yield number + 1, rest


def _too_long(limit: int) -> LineRefused:
    return LineRefused(f"the line is longer than {limit} bytes")


def parse_line(decoder: "msgspec.json.Decoder[Line]", line: bytes) -> Line:
    """The document of a line.

    Raises:
        LineRefused: it is no UTF-8, no JSON, or does not fit its type; the message says where.
    """
    try:
        return decoder.decode(line)
    except msgspec.ValidationError as error:
        raise LineRefused(str(error)) from None
    except msgspec.DecodeError as error:
        raise LineRefused(f"not valid JSON: {first_line(error)}") from None
    except UnicodeDecodeError:
        raise LineRefused("not valid UTF-8") from None
