"""The feed of events as a browser follows it: one stream, filtered, no faster than somebody can read."""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from typing import Final

from ordercast.client.errors import ClientError, ProblemAnswer
from ordercast.client.event_answers import ServerEvent
from ordercast.first_line import first_line
from ordercast.services.console.events.whose import Whose

# Events that a second brings to the page; of the others it is told how many they were.
MOST_A_SECOND: Final = 50
# After that (s) a position goes out by itself where no event was shown: who is cut off goes on from there.
TELL_S: Final = 1.0
# How long (ms) a browser waits before it connects again.
RETRY_MS: Final = 1_000
UNAUTHORIZED: Final = 401
GONE: Final = 410
BAD_REQUEST: Final = 400


@dataclass(slots=True)
class _Second:
    """What was shown and passed over since `began`."""

    began: float
    shown: int = 0
    passed: int = 0


async def tail(
    events: AsyncGenerator[ServerEvent, None], whose: Whose, clock: Callable[[], float] = time.monotonic
) -> AsyncGenerator[bytes, None]:
    """Server-sent events: `shown` with a CloudEvent, `passed` with how many more there were, `position` to go on from, and at
    its end why it ended, as `problem` where it helps to try again, else as `ended`."""
    yield f"retry: {RETRY_MS}\n\n".encode()
    second, position = _Second(clock()), ""
    try:
        async with aclosing(events):
            async for event in events:
                if clock() - second.began >= TELL_S:
                    if second.passed:
                        yield f"event: passed\ndata: {second.passed}\n\n".encode()
                    if position:
                        yield _position(position)
                    second = _Second(clock())
                position = event.id or position
                if not event.data:
                    yield _position(position)
                elif not whose.has(event.data):
                    continue
                elif second.shown < MOST_A_SECOND:
                    second.shown += 1
                    yield f"id: {position}\nevent: shown\ndata: {event.data}\n\n".encode()
                else:
                    second.passed += 1
    except ProblemAnswer as problem:
        ends = problem.status in (BAD_REQUEST, UNAUTHORIZED, GONE)
        yield _told("ended" if ends else "problem", str(problem))
    except ClientError as error:
        yield _told("problem", first_line(error))


def _position(id_: str) -> bytes:
    """An id without data is kept by a browser, but not told to its page."""
    return f"id: {id_}\nevent: position\ndata: -\n\n".encode()


def _told(name: str, reason: str) -> bytes:
    return f"event: {name}\ndata: {json.dumps(reason)}\n\n".encode()


async def until_stopped(stopping: asyncio.Event, parts: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """The parts, until there are no more or `stopping` is set, also where none comes for long."""
    ended = asyncio.ensure_future(stopping.wait())
    coming = asyncio.ensure_future(anext(parts, None))
    try:
        while True:
            await asyncio.wait({coming, ended}, return_when=asyncio.FIRST_COMPLETED)
            if not coming.done() or (part := coming.result()) is None:
                return
            yield part
            coming = asyncio.ensure_future(anext(parts, None))
    finally:
        ended.cancel()
        if coming.done():
            await parts.aclose()
        else:
            # It closes what it reads from by itself: whoever has cancelled this does not let it wait.
            coming.cancel()
