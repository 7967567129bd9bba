"""What is made of a moment is made once for all who ask, and anew for another moment or under another key."""

import asyncio
import gc
import threading
import weakref
from typing import Any

from ordercast.services.predictor.made_once import MadeOnce


class Moment:
    """In place of the features of one."""


class Maker:
    def __init__(self) -> None:
        self.threads: list[int] = []

    def __call__(self) -> int:
        self.threads.append(threading.get_ident())
        return len(self.threads)


async def test_many_who_ask_at_once_wait_for_one_that_is_made_in_a_thread() -> None:
    once, make, now = MadeOnce[int](), Maker(), Moment()
    features: Any = now
    assert await asyncio.gather(*(once.of(features, "v1", make) for _ in range(8))) == 8 * [1]
    assert make.threads != [threading.get_ident()]


async def test_another_moment_or_key_has_another() -> None:
    once, make = MadeOnce[int](), Maker()
    now, later = Moment(), Moment()
    asked: list[tuple[Any, str]] = [(now, "v1"), (now, "v2"), (later, "v1")]
    assert [await once.of(*one, make) for one in [*asked, *asked]] == [1, 2, 3, 1, 2, 3]


async def test_what_was_made_of_a_moment_keeps_nothing_of_it_in_memory() -> None:
    once, now = MadeOnce[int](), Moment()
    features: Any = now
    kept = weakref.ref(now)
    await once.of(features, "v1", Maker())
    del now, features
    gc.collect()
    assert kept() is None
