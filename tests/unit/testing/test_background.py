"""Something asynchronous in a thread of its own: entered, used and left from plain functions."""

import asyncio
import os
import signal
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from ordercast.testing.background import in_background


class Place:
    """Remembers what happened to it."""

    def __init__(self) -> None:
        self.happened: list[str] = []

    @asynccontextmanager
    async def opened(self) -> AsyncIterator[asyncio.AbstractEventLoop]:
        self.happened.append("entered")
        try:
            yield asyncio.get_running_loop()
        finally:
            await asyncio.sleep(0)
            self.happened.append("left")


def test_it_lives_on_a_loop_of_its_own_until_the_block_ends() -> None:
    place = Place()

    async def loop_of_call() -> asyncio.AbstractEventLoop:
        return asyncio.get_running_loop()

    with in_background(place.opened) as background:
        assert background.run(loop_of_call()) is background.value
        assert place.happened == ["entered"]
    assert place.happened == ["entered", "left"]
    assert background.value.is_closed()


def test_a_failure_of_the_block_leaves_it_too_and_is_raised() -> None:
    place = Place()
    with pytest.raises(ZeroDivisionError), in_background(place.opened):
        _ = 1 / 0
    assert place.happened == ["entered", "left"]


def test_what_cannot_be_entered_raises_its_own_error() -> None:
    @asynccontextmanager
    async def refused() -> AsyncIterator[None]:
        raise LookupError("nothing there")
        yield

    with pytest.raises(LookupError, match="nothing there"), in_background(refused):
        pass
    assert "ordercast background" not in [thread.name for thread in threading.enumerate()]


def test_what_cannot_be_left_raises_its_own_error() -> None:
    @asynccontextmanager
    async def stuck() -> AsyncIterator[None]:
        yield
        raise LookupError("will not go")

    with pytest.raises(LookupError, match="will not go"), in_background(stuck):
        pass


def test_ctrl_c_while_it_is_being_entered_undoes_what_has_begun() -> None:
    place = Place()

    @asynccontextmanager
    async def slow() -> AsyncIterator[None]:
        async with place.opened():
            os.kill(os.getpid(), signal.SIGINT)
            await asyncio.Event().wait()
            yield

    with pytest.raises(KeyboardInterrupt), in_background(slow):
        pass
    assert place.happened == ["entered", "left"]
