import gzip
import itertools
import json
import re
import time
from collections.abc import AsyncIterator
from itertools import islice, repeat
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.order_api.errors import BodyTooLong, NotNdjson, UnknownEncoding
from ordercast.services.order_api.ndjson import MAX_BLANK_LINES, LineRefused, parse_line, read_lines, unpacked


async def _chunks(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


async def _read(*chunks: bytes, max_line_bytes: int = 100) -> list[tuple[int, bytes | str]]:
    return [
        (number, str(line) if isinstance(line, LineRefused) else line)
        async for number, line in read_lines(_chunks(*chunks), max_line_bytes=max_line_bytes)
    ]


def _cut(body: bytes, cuts: list[int]) -> list[bytes]:
    edges = [0, *sorted(min(cut, len(body)) for cut in cuts), len(body)]
    return [body[start:end] for start, end in itertools.pairwise(edges)]


_LINES = st.lists(st.binary(max_size=20).map(lambda line: b'{"a":' + line.replace(b"\n", b" ") + b"}"), max_size=20)
_CUTS = st.lists(st.integers(0, 400), max_size=10)


@given(
    lines=_LINES,
    cuts=_CUTS,
    newline=st.sampled_from([b"\n", b"\r\n"]),
    ends_with_newline=st.booleans(),
    has_bom=st.booleans(),
)
async def test_lines_are_the_same_however_the_body_is_cut(
    lines: list[bytes], cuts: list[int], newline: bytes, ends_with_newline: bool, has_bom: bool
) -> None:
    body = newline.join(lines) + (newline if ends_with_newline and lines else b"")
    chunks = _cut(b"\xef\xbb\xbf" * has_bom + body, cuts)
    assert await _read(*chunks) == list(enumerate(lines, start=1))


@given(members=st.lists(_LINES, min_size=1, max_size=3), cuts=_CUTS)
async def test_a_gzip_body_has_the_lines_of_what_it_stands_for_however_it_is_cut(
    members: list[list[bytes]], cuts: list[int]
) -> None:
    body = b"".join(gzip.compress(b"".join(line + b"\n" for line in lines)) for lines in members)
    chunks = [chunk async for chunk in unpacked(_chunks(*_cut(body, cuts)), "GZIP")]
    assert await _read(*chunks) == list(enumerate(itertools.chain.from_iterable(members), start=1))


async def test_what_a_small_body_stands_for_is_unpacked_bit_by_bit_and_only_up_to_the_limit() -> None:
    body = gzip.compress(b" " * 50_000_000)
    lengths = [len(chunk) async for chunk in unpacked(_chunks(body), "gzip")]
    assert sum(lengths) == 50_000_000
    assert max(lengths) <= 65_536
    limited = unpacked(_chunks(body), "gzip", max_bytes=100_000)
    assert len(await anext(limited)) <= 100_000
    with pytest.raises(BodyTooLong, match="at most 100000 bytes"):
        await anext(limited)


@pytest.mark.parametrize(
    ("encoding", "body", "error", "reason"),
    [
        ("br", b"{}", UnknownEncoding, "not with 'br'"),
        ("gzip", b"{}", NotNdjson, "damaged"),
        ("gzip", gzip.compress(b"{}" * 500, mtime=0)[:-4], NotNdjson, "cut off"),
        ("gzip", gzip.compress(b"{}" * 500, mtime=0)[:-4] + b"0000", NotNdjson, "damaged"),
    ],
)
async def test_an_encoding_that_cannot_be_read_is_refused(
    encoding: str, body: bytes, error: type[Exception], reason: str
) -> None:
    with pytest.raises(error, match=reason):
        await anext(chunk async for chunk in unpacked(_chunks(body), encoding) if not chunk)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"a": 1}\n'.encode("utf-16"), "UTF-16"),
        ('{"a": 1}\n'.encode("utf-16-be"), "UTF-16"),
        ('{"a": 1}\n'.encode("utf-16-le"), "UTF-16"),
        ('{"a": 1}\n'.encode("utf-32"), "UTF-16"),
        (b"\xef\xbb\xbforder_id,sku\n1,a\n", "CSV"),
        (b"\n\nx\n{}\n", "no JSON object"),
        (b"x" * 500, "no JSON object"),
        (b'[{"a": 1}]', "JSON array"),
        (b'{\n  "a": 1\n}\n', "several lines"),
        (gzip.compress(b"{}", mtime=0), "Content-Encoding"),
        (b"PK\x03\x04...", "spreadsheet"),
        (b"PAR1...", "Parquet"),
    ],
)
async def test_a_body_that_is_something_else_is_refused_once_as_a_whole(body: bytes, reason: str) -> None:
    with pytest.raises(NotNdjson, match=reason):
        await _read(body)


async def test_blank_lines_are_passed_over_but_counted() -> None:
    assert await _read(b"{a}\n\n  \n\r\n{b}") == [(1, b"{a}"), (5, b"{b}")]


async def test_blank_lines_without_end_are_refused_wherever_they_stand() -> None:
    blank = b"\n" * MAX_BLANK_LINES
    assert await _read(blank + b"{a}\n" + blank + b"{b}") == [
        (MAX_BLANK_LINES + 1, b"{a}"),
        (2 * MAX_BLANK_LINES + 2, b"{b}"),
    ]
    for body in (blank + b" \r\n", b"{a}\n" + blank + b"\n{b}"):
        with pytest.raises(NotNdjson, match=r"blank lines follow line [01]$"):
            await _read(body)
    endless = repeat(b"\n")
    with pytest.raises(NotNdjson):
        await _read(*islice(endless, 100 * MAX_BLANK_LINES))


async def test_a_line_that_is_too_long_is_refused_and_the_next_one_taken() -> None:
    assert await _read(b"{a}\n{" + b"x" * 150, b"x" * 150, b"xx\n{b}\n") == [
        (1, b"{a}"),
        (2, "the line is longer than 100 bytes"),
        (3, b"{b}"),
    ]


async def test_the_end_of_a_line_in_many_small_chunks_costs_what_its_beginning_costs() -> None:
    line = b"{" + b"x" * 399_999
    clocks: list[float] = []

    async def noting_the_time() -> AsyncIterator[bytes]:
        for start in range(0, len(line), 8):
            if start % 100_000 == 0:
                clocks.append(time.process_time())
            yield line[start : start + 8]
        clocks.append(time.process_time())

    assert [number async for number, _ in read_lines(noting_the_time())] == [1]
    quarters = [end - start for start, end in itertools.pairwise(clocks)]
    # The part that was there already is not copied with each chunk: that took the last quarter 7 times as long.
    assert quarters[-1] < 3 * min(quarters[:2])


async def test_a_long_last_line_without_newline_is_refused() -> None:
    assert await _read(b"{a}\n" + b"x" * 150) == [(1, b"{a}"), (2, "the line is longer than 100 bytes")]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"{", "not valid JSON"),
        (b'{"count": NaN}', "not valid JSON"),
        (b'{"count": 1, "name": "\xff"}', "not valid UTF-8"),
        (b'{"count": 1, "count": 2}', 'the name "count" comes twice'),
    ],
)
def test_a_line_that_is_no_json_says_so(line: bytes, reason: str) -> None:
    with pytest.raises(LineRefused, match=re.escape(reason)):
        parse_line(msgspec.json.Decoder(dict[str, Any]), line)


def test_a_line_of_another_type_says_where() -> None:
    class Document(msgspec.Struct, forbid_unknown_fields=True):
        count: int

    with pytest.raises(LineRefused, match=r"^count must be a whole number$"):
        parse_line(msgspec.json.Decoder(Document), json.dumps({"count": "1"}).encode())
