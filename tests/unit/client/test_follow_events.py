"""Following the feed over breaks of its connection."""

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from ordercast.client import follow_events as module
from ordercast.client.errors import ProblemAnswer, ServiceUnreachable
from ordercast.client.event_answers import FollowedEvent, ServerEvent
from ordercast.client.follow_events import follow_events


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PAUSE_S", 0.0)


@dataclass
class Clock:
    """Time that passes when somebody sleeps, or when it is told to."""

    now: float = 1_000.0
    slept: list[float] = field(default_factory=list)

    def monotonic(self) -> float:
        return self.now

    def passes(self, seconds: float) -> Callable[[], None]:
        def passed() -> None:
            self.now += seconds

        return passed

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(module, "time", made)
    monkeypatch.setattr(module, "asyncio", made)
    monkeypatch.setattr(module, "PAUSE_S", 0.5)
    return made


class Feed:
    """Gives these streams one after the other, each up to the error at its end, and notes what it was asked for. A function in a
    stream is called."""

    def __init__(self, *streams: Sequence[ServerEvent | Exception | Callable[[], None]]) -> None:
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
            if isinstance(item, ServerEvent):
                yield item
            else:
                item()


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


BEGUN = ServerEvent("", "", "orders:0")


async def test_a_quiet_stream_that_breaks_off_or_ends_is_asked_for_again(clock: Clock) -> None:
    quiet, cut = clock.passes(3_600), ServiceUnreachable("cut")
    feed = Feed([BEGUN, quiet, cut], [cut], [BEGUN, quiet], [BEGUN, quiet], [event(1), quiet, cut], [event(2)])
    found = [one.id for one in await followed(feed, 5)]
    assert found == ["orders:0"] * 3 + ["orders:1", "orders:2"]


async def test_a_slow_reader_uses_no_time_of_the_retries_up(clock: Clock) -> None:
    feed = Feed([event(1), ServiceUnreachable("cut")], [ServiceUnreachable("away")], [event(2)])
    found: list[str] = []
    async for one in follow_events(feed, retry_for_s=5.0):  # type: ignore[arg-type]
        found.append(one.id)
        clock.now += 3_600
        if len(found) == 2:
            break
    assert found == ["orders:1", "orders:2"]


async def test_the_time_of_the_retries_begins_with_the_first_that_fails(clock: Clock) -> None:
    away = [[ServiceUnreachable(f"away {n}")] for n in range(100)]
    with pytest.raises(ServiceUnreachable, match="away 10"):
        await followed(Feed([BEGUN, clock.passes(60)], *away), 2, retry_for_s=5.0)
    assert clock.slept == [0.5] * 11  # the first after an end that was in order


async def test_streams_that_end_before_they_begin_are_a_failure(clock: Clock) -> None:
    with pytest.raises(ServiceUnreachable, match="before it began"):
        await followed(Feed(*[[] for _ in range(100)]), 1, retry_for_s=5.0)


async def test_one_stream_too_many_is_asked_for_again_when_its_answer_says(clock: Clock) -> None:
    many = ProblemAnswer(429, "too-many-event-streams", "Too many streams", wait_s=5.0)
    assert [one.id for one in await followed(Feed([many], [many], [event(1)]), 1)] == ["orders:1"]
    assert clock.slept == [5.0, 5.0]
