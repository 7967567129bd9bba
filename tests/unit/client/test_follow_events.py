"""Following the feed over breaks of its connection."""

from collections.abc import AsyncIterator, Sequence
from typing import Any

import pytest

from ordercast.client import follow_events as module
from ordercast.client.errors import ProblemAnswer, ServiceUnreachable
from ordercast.client.events import ServerEvent
from ordercast.client.follow_events import FollowedEvent, follow_events


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0.0)


class Feed:
    """Gives these streams one after the other, each up to the error at its end, and notes what it was asked for."""

    def __init__(self, *streams: Sequence[ServerEvent | Exception]) -> None:
        self._streams = iter(streams)
        self.asked: list[str | None] = []
        self.renewed = 0
        self.session = self

    def renew_next(self) -> None:
        self.renewed += 1

    async def events(self, *, types: Any, since: Any, last_id: str | None) -> AsyncIterator[ServerEvent]:
        self.asked.append(last_id)
        for item in next(self._streams):
            if isinstance(item, Exception):
                raise item
            yield item


def event(number: int) -> ServerEvent:
    return ServerEvent("order.placed", f'{{"n":{number}}}', f"orders:{number}")


async def followed(feed: Any, count: int, **arguments: Any) -> list[FollowedEvent]:
    found: list[FollowedEvent] = []
    async for one in follow_events(feed, **arguments):
        found.append(one)
        if len(found) == count:
            break
    return found


async def test_it_goes_on_after_the_last_id_whatever_broke_off() -> None:
    busy = ProblemAnswer(503, "kafka-unavailable", "Kafka takes no events at present")
    begun = ServerEvent("", "", "orders:0")
    feed = Feed([begun, ServiceUnreachable("cut")], [event(1), event(2)], [busy], [event(3)])
    assert await followed(feed, 4) == [
        FollowedEvent("orders:0", None),
        *(FollowedEvent(f"orders:{n}", {"n": n}) for n in (1, 2, 3)),
    ]
    assert feed.asked == [None, "orders:0", "orders:2", "orders:2"]


async def test_a_token_that_is_not_taken_is_renewed_once() -> None:
    refused = ProblemAnswer(401, "not-authenticated", "A valid access token is needed")
    feed = Feed([event(1), refused], [event(2)], [refused], [refused])
    assert [one.id for one in await followed(feed, 2)] == ["orders:1", "orders:2"]
    assert feed.renewed == 1
    with pytest.raises(ProblemAnswer, match="access token"):
        await followed(feed, 1)


async def test_a_refusal_ends_it_and_so_does_a_service_that_stays_away() -> None:
    gone = ProblemAnswer(410, "events-gone", "The events after the Last-Event-ID are gone")
    with pytest.raises(ProblemAnswer, match="gone"):
        await followed(Feed([gone]), 1, last_id="orders:1")
    with pytest.raises(ServiceUnreachable, match="away"):
        await followed(Feed([ServiceUnreachable("away")]), 1, retry_for_s=-1.0)
