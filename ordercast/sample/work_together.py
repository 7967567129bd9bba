"""The same work for many items, a bounded number of them at a time."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

Item = TypeVar("Item")


async def for_each(items: Iterable[Item], work: Callable[[Item], Awaitable[None]], *, at_once: int) -> None:
    """Does `work` for every item; items are taken only when there is a hand free, so they may be made on the way.

    The first error ends all of it.
    """
    rest = iter(items)

    async def hand() -> None:
        for item in rest:
            await work(item)

    try:
        async with asyncio.TaskGroup() as hands:
            for _ in range(at_once):
                hands.create_task(hand())
    except BaseExceptionGroup as group:
        raise group.exceptions[0] from None
