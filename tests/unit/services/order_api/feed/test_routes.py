"""The bytes of the feed: ids with each event and each sign of life, nothing made ahead of a slow reader, all closed at the end."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any

from ordercast.client.event_answers import ServerEvent
from ordercast.client.events import read_events
from ordercast.services.order_api.feed.follow_events import Fed, FedEvent
from ordercast.services.order_api.feed.routes import FeedResponse, encoded

SCOPE: dict[str, Any] = {"type": "http", "asgi": {"spec_version": "2.3"}}


class Looks:
    """What looks bring, and how many there were."""

    def __init__(self, looks: Sequence[Fed]) -> None:
        self._looks = looks
        self.made = 0

    async def __call__(self) -> AsyncIterator[Fed]:
        for fed in self._looks:
            self.made += 1
            yield fed


def event(number: int) -> FedEvent:
    return FedEvent("order.placed", f"orders:{number}", b'{"n": %d}' % number)


async def forever() -> Any:
    await asyncio.Event().wait()


async def answered(looks: Looks) -> list[bytes]:
    sent: list[bytes] = []

    async def send(message: Any) -> None:
        if body := message.get("body"):
            sent.append(body)

    await FeedResponse(looks(), AsyncExitStack())(SCOPE, forever, send)
    return sent


async def test_a_client_reads_what_went_out() -> None:
    sent = await answered(Looks([Fed([], "orders:0"), Fed([event(1), event(2)], "orders:2")]))
    lines = b"".join(sent).decode().split("\n")

    async def read() -> AsyncIterator[str]:
        for line in lines:
            yield line

    assert [event async for event in read_events(read())] == [
        ServerEvent("", "", "orders:0"),
        ServerEvent("order.placed", '{"n": 1}', "orders:1"),
        ServerEvent("order.placed", '{"n": 2}', "orders:2"),
    ]
    assert (
        sent[0] == b"retry: 1000\n: nothing new\nid: orders:0\n\n"
    )  # where it began, for who is cut off before the first


async def test_a_silent_stream_gives_a_sign_of_life_with_its_position_now_and_then() -> None:
    times = iter([0.0, 0.0, 0.0, 10.0, 15.0, 15.0, 20.0])
    looks = Looks([Fed([], f"orders:{number}") for number in range(4)])
    sent = [part async for part in encoded(looks(), lambda: next(times))]
    assert [part.split(b"\n")[-3] for part in sent] == [b"id: orders:0", b"id: orders:2"]


async def test_nothing_is_made_ahead_of_a_reader_that_does_not_read_and_all_is_closed_when_it_goes() -> None:
    looks, gone, stuck = Looks([Fed([event(n)], "") for n in range(100)]), asyncio.Event(), asyncio.Event()
    closed: list[str] = []
    opened = AsyncExitStack()
    opened.callback(closed.append, "all")

    async def receive() -> Any:
        await gone.wait()
        return {"type": "http.disconnect"}

    async def send(message: Any) -> None:
        if message.get("body"):
            stuck.set()
            await asyncio.Event().wait()

    answer = asyncio.create_task(FeedResponse(looks(), opened)(SCOPE, receive, send))
    await stuck.wait()
    await asyncio.sleep(0)
    assert (looks.made, closed) == (1, [])
    gone.set()
    await answer
    assert closed == ["all"]
