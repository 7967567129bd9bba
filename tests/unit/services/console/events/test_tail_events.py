"""A browser's stream: as fast as can be read, filtered, and always with a place to go on from."""

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.client.errors import ServiceUnreachable
from ordercast.client.event_answers import ServerEvent
from ordercast.services.console.events.tail_events import MOST_A_SECOND, tail, until_stopped
from ordercast.services.console.events.whose import Whose


class Feed:
    """Events, each at its second; at the end it breaks off if it `fails`."""

    def __init__(self, keys: Sequence[tuple[float, str]], *, fails: bool = False) -> None:
        self.now = 0.0
        self.closed = False
        self._keys = keys
        self._fails = fails

    async def events(self) -> AsyncGenerator[ServerEvent, None]:
        try:
            yield ServerEvent("", "", "at:0")
            for place, (at, key) in enumerate(self._keys, start=1):
                self.now = at
                yield ServerEvent("x", json.dumps({"partitionkey": key, "place": place}), f"at:{place}")
            if self._fails:
                raise ServiceUnreachable("it broke off")
        finally:
            self.closed = True

    async def told(self, key: str = "") -> list[str]:
        return [part.decode() async for part in tail(self.events(), Whose(key), lambda: self.now)]


@given(st.lists(st.tuples(st.floats(0, 5), st.sampled_from(["8", "9"])), max_size=300).map(sorted))
def test_each_event_with_the_key_is_shown_or_counted_and_no_second_shows_more(keys: list[tuple[float, str]]) -> None:
    feed = Feed([*keys, (9.0, "9")])
    parts = asyncio.run(feed.told("8"))
    shown = [part for part in parts if "event: shown" in part]
    passed = [int(part.rpartition("data: ")[2]) for part in parts if "event: passed" in part]
    assert len(shown) + sum(passed) == sum(key == "8" for _, key in keys)
    assert all('"partitionkey": "8"' in part for part in shown)
    assert len(shown) <= MOST_A_SECOND * 6
    assert parts[1] == "id: at:0\nevent: position\ndata: -\n\n"
    if keys:
        assert f"id: at:{len(keys)}\n" in "".join(parts)


def test_at_a_break_it_says_why() -> None:
    parts = asyncio.run(Feed([(0.0, "8")], fails=True).told())
    assert parts[-1] == 'event: problem\ndata: "it broke off"\n\n'


@pytest.mark.parametrize("stops", [True, False])
async def test_whoever_goes_or_is_stopped_closes_what_it_read_from(stops: bool) -> None:
    feed, stopping = Feed([(0.0, "8")] * 5), asyncio.Event()
    stream = until_stopped(stopping, tail(feed.events(), Whose(), lambda: feed.now))
    await anext(stream)
    await anext(stream)
    if stops:
        stopping.set()
        assert len([part async for part in stream]) <= 5
    else:
        await stream.aclose()
    assert feed.closed
