"""Work that is repeated waits for a database that is away, and ends at any other error."""

import asyncio

import pytest
from sqlalchemy.exc import InvalidRequestError

from ordercast.services.shared.db import repeat as module
from ordercast.services.shared.db.repeat import repeat


class Work:
    """Raises each of the errors once, then sets `stopping`."""

    def __init__(self, *errors: Exception) -> None:
        self.stopping = asyncio.Event()
        self.times = 0
        self._errors = list(errors)

    async def __call__(self) -> float:
        self.times += 1
        if self._errors:
            raise self._errors.pop(0)
        self.stopping.set()
        return 3_600.0


@pytest.fixture(autouse=True)
def retried_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "RETRY_S", 0.001)


async def test_a_stop_ends_the_longest_pause() -> None:
    work = Work()
    await asyncio.wait_for(repeat(work, work.stopping, name="test"), 10)
    assert work.times == 1


async def test_a_database_that_is_away_is_tried_again() -> None:
    work = Work(ConnectionRefusedError(), TimeoutError())
    await asyncio.wait_for(repeat(work, work.stopping, name="test"), 10)
    assert work.times == 3


async def test_a_wrong_statement_ends_the_loop() -> None:
    work = Work(InvalidRequestError("no such column"))
    with pytest.raises(InvalidRequestError):
        await asyncio.wait_for(repeat(work, work.stopping, name="test"), 10)
    assert work.times == 1


async def test_no_work_begins_after_a_stop() -> None:
    work = Work()
    work.stopping.set()
    await repeat(work, work.stopping, name="test")
    assert work.times == 0
