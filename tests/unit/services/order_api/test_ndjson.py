import itertools
import re
from collections.abc import AsyncIterator

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.order_api.ndjson import LineRefused, parse_line, read_lines


async def _chunks(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def _read(*chunks: bytes, max_line_bytes: int = 100) -> list[tuple[int, bytes | str]]:
    return [
        (number, str(line) if isinstance(line, LineRefused) else line)
        async for number, line in read_lines(_chunks(*chunks), max_line_bytes=max_line_bytes)
    ]


@given(
    lines=st.lists(st.binary(max_size=20).map(lambda line: b"x" + line.replace(b"\n", b" ") + b"x"), max_size=20),
    cuts=st.lists(st.integers(0, 400), max_size=10),
    ends_with_newline=st.booleans(),
)
async def test_lines_are_the_same_however_the_body_is_cut(
    lines: list[bytes], cuts: list[int], ends_with_newline: bool
) -> None:
    body = b"\n".join(lines) + (b"\n" if ends_with_newline and lines else b"")
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    chunks = [body[start:end] for start, end in itertools.pairwise(edges)]
    assert await _read(*chunks) == list(enumerate(lines, start=1))


async def test_blank_lines_are_passed_over_but_counted() -> None:
    assert await _read(b"a\n\n  \nb") == [(1, b"a"), (4, b"b")]


async def test_a_line_that_is_too_long_is_refused_and_the_next_one_taken() -> None:
    assert await _read(b"a\n" + b"x" * 150, b"x" * 150, b"xx\nb\n") == [
        (1, b"a"),
        (2, "the line is longer than 100 bytes"),
        (3, b"b"),
    ]


async def test_a_long_last_line_without_newline_is_refused() -> None:
    assert await _read(b"a\n" + b"x" * 150) == [(1, b"a"), (2, "the line is longer than 100 bytes")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not valid JSON"),
        (b'{"count": "1"}', "Expected `int`, got `str` - at `$.count`"),
        (b'{"count": 1, "price": 2}', "unknown field `price`"),
        (b'{"count": 1.5}', "Expected `int`, got `float`"),
        (b'{"count": NaN}', "not valid JSON"),
        (b'{"count": 1, "name": "\xff"}', "not valid UTF-8"),
    ],
)
def test_a_bad_line_says_what_is_wrong(line: bytes, reason: str) -> None:
    class Document(msgspec.Struct, forbid_unknown_fields=True):
        count: int
        name: str = ""

    with pytest.raises(LineRefused, match=re.escape(reason)):
        parse_line(msgspec.json.Decoder(Document), line)
