"""Server-sent events of a stream's bytes, cut anywhere."""

from collections.abc import AsyncIterator, Sequence
from itertools import pairwise

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.client.event_answers import ServerEvent
from ordercast.client.events import read_events, read_lines
from ordercast.client.request import problem_of


async def _chunks(parts: Sequence[bytes]) -> AsyncIterator[bytes]:
    for part in parts:
        yield part


def _cut(data: bytes, at: Sequence[int]) -> list[bytes]:
    places = sorted({0, len(data), *(place % (len(data) + 1) for place in at)})
    return [data[begin:end] for begin, end in pairwise(places)]


@given(
    lines=st.lists(
        st.text(st.characters(exclude_characters="\r\n", exclude_categories=["Cs"]), max_size=8), max_size=8
    ),
    ends=st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=8, max_size=8),
    at=st.lists(st.integers(0, 100), max_size=8),
)
async def test_lines_end_where_the_standard_says_wherever_the_stream_is_cut(
    lines: list[str], ends: list[str], at: list[int]
) -> None:
    text = "".join(line + end for line, end in zip(lines, ends, strict=False))
    # A CR and the empty line with LF after it are one end.
    expected = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")[:-1]
    assert [line async for line in read_lines(_chunks(_cut(text.encode(), at)))] == expected


async def test_what_else_unicode_calls_a_line_end_is_in_the_midst_of_an_event() -> None:
    data = "one\x85two\u2028three\u2029four\x0cfive"
    stream = f"id: 1\nevent: e\ndata: {data}\n\n".encode()
    events = [event async for event in read_events(read_lines(_chunks([stream])))]
    assert events == [ServerEvent("e", data, "1")]


@pytest.mark.parametrize(("status", "wait_s"), [(429, 7.0), (503, 0.0)])
def test_a_refusal_of_too_many_says_when_to_ask_again(status: int, wait_s: float) -> None:
    for content in (b"{}", b"no JSON"):
        assert problem_of(httpx.Response(status, headers={"Retry-After": "7"}, content=content)).wait_s == wait_s
