"""Something asynchronous that lives in a thread of its own, so that it belongs to no event loop of the tests."""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Future
from contextlib import AbstractAsyncContextManager, contextmanager, suppress
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Value = TypeVar("Value")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Background(Generic[Value]):
    """The value, and the loop that it lives on."""

    value: Value
    loop: asyncio.AbstractEventLoop

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """The coroutine's result; waits for it. Not to be called on the background's own loop."""
        running = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        try:
            return running.result()
        except BaseException:
            running.cancel()  # Ctrl-C ended the wait, not the coroutine
            raise


@contextmanager
def in_background(opened: Callable[[], AbstractAsyncContextManager[Value]]) -> Iterator[Background[Value]]:
    """Enters the context manager in a new thread, and leaves it in there at the end of the block.

    An exception while it is entered, such as Ctrl-C, cancels what has begun and waits until that is undone.
    """
    ready: Future[Background[Value]] = Future()
    loop = asyncio.new_event_loop()
    stop = asyncio.Event()

    async def live() -> None:
        try:
            async with opened() as value:
                ready.set_result(Background(value, loop))
                await stop.wait()
        except BaseException as error:
            if ready.done():
                raise
            ready.set_exception(error)

    living = loop.create_task(live())
    thread = threading.Thread(target=_run, args=(loop, living), name="ordercast background")
    try:
        try:
            thread.start()  # in here: Ctrl-C may come while it waits for the thread
            background = ready.result()
        except BaseException:
            _call(loop, living.cancel)
            raise
        yield background
    finally:
        _call(loop, stop.set)
        thread.join()
    if not living.cancelled():
        living.result()


def _call(loop: asyncio.AbstractEventLoop, function: Callable[[], object]) -> None:
    """Calls it on the loop, unless all has ended there already."""
    with suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(function)


def _run(loop: asyncio.AbstractEventLoop, living: "asyncio.Task[None]") -> None:
    with asyncio.Runner(loop_factory=lambda: loop) as runner:
        runner.run(_outcome(living))


async def _outcome(living: "asyncio.Task[None]") -> None:
    await asyncio.wait([living])
