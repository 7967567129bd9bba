"""Requests that arrive together share one transaction; each is answered after the commit."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Final, Generic, TypeVar

from ordercast.contracts.because import sentence
from ordercast.services.order_api.errors import Overloaded

# More requests in one transaction save little more and make the first of them wait longer.
MAX_BATCH: Final = 256
# Requests that may wait at once. Beyond that the answer would come too late to be of use: 503 instead.
MAX_WAITING: Final = 4_096

Request = TypeVar("Request")
Answer = TypeVar("Answer")
Commit = Callable[[Sequence[Request]], Awaitable[Sequence[Answer | Exception]]]


class GroupCommit(Generic[Request, Answer]):
    """Hands waiting requests over in batches, one batch at a time.

    Nobody waits for a batch to fill: while one commits the next one gathers, so batches grow with the load. A client that
    goes away does not take its request back: the batch belongs to all who are in it.
    """

    def __init__(self, commit: Commit[Request, Answer], *, max_batch: int = MAX_BATCH) -> None:
        self._commit = commit
        self._max_batch = max_batch
        self._waiting: asyncio.Queue[tuple[Request, asyncio.Future[Answer]]] = asyncio.Queue(MAX_WAITING)

    async def submit(self, request: Request) -> Answer:
        """The answer to the request, after its commit.

        Raises:
            Overloaded: too many requests wait already; nothing was done.
            Exception: what `commit` returned for this request, or raised for the whole batch.
        """
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        try:
            self._waiting.put_nowait((request, answer))
        except asyncio.QueueFull:
            raise Overloaded(sentence("too-many-orders")) from None
        return await answer

    async def run(self) -> None:
        """Commits batch after batch until it is cancelled."""
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < self._max_batch and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            await self._answer(batch)
            for _ in batch:
                self._waiting.task_done()

    async def drain(self) -> None:
        """Returns when every request that was submitted has its answer."""
        await self._waiting.join()

    async def _answer(self, batch: list[tuple[Request, asyncio.Future[Answer]]]) -> None:
        try:
            answers = await self._commit([request for request, _ in batch])
        except Exception as error:
            answers = [error] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.cancelled():
                continue
            if isinstance(answer, Exception):
                future.set_exception(answer)
            else:
                future.set_result(answer)


@asynccontextmanager
async def open_group_commit(commit: Commit[Request, Answer]) -> AsyncIterator[GroupCommit[Request, Answer]]:
    """A running GroupCommit; on the way out what was submitted is committed first."""
    group = GroupCommit(commit)
    runner = asyncio.create_task(group.run(), name="group-commit")
    try:
        yield group
        await group.drain()
    finally:
        runner.cancel()
        await asyncio.gather(runner, return_exceptions=True)
