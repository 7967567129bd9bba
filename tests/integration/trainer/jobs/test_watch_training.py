"""Many watch a training: one look for all of them, and each hears what is new, until its token ends."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import pytest

from ordercast.services.trainer.jobs import trainings, watch_training
from ordercast.services.trainer.jobs.answers import EpochEvent, TrainingAnswer
from ordercast.services.trainer.jobs.watch_training import WatchTrainings
from ordercast.services.trainer.networks.fit import EpochLosses
from tests.integration.trainer.conftest import Workplace
from tests.integration.trainer.jobs.test_trainings import claim, queue

WATCHERS = 20
FOREVER = float("inf")


class Counted(WatchTrainings):
    """Counts its questions to the table."""

    def __init__(self, workplace: Workplace) -> None:
        super().__init__(workplace.sessions)
        self.asked: Counter[str] = Counter()

    async def _look(self, training_ids: list[UUID]) -> Any:
        self.asked["look"] += 1
        return await super()._look(training_ids)

    async def _read(self, training_id: UUID, attempt: int, seen: int) -> Any:
        self.asked["read"] += 1
        return await super()._read(training_id, attempt, seen)


@pytest.fixture(autouse=True)
def looking_often(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch_training, "POLL_S", 0.02)


@asynccontextmanager
async def watching(workplace: Workplace) -> AsyncIterator[Counted]:
    watch, stopping = Counted(workplace), asyncio.Event()
    running = asyncio.create_task(watch.run(stopping))
    try:
        yield watch
    finally:
        stopping.set()
        await running


async def heard(watch: WatchTrainings, training_id: UUID, *, ends_at: float = FOREVER) -> list[Any]:
    events = watch(training_id, asyncio.Event(), ends_at=ends_at)
    return [event async for event in events if event is not None]


async def test_one_look_serves_all_who_watch_and_each_hears_everything(workplace: Workplace) -> None:
    training_id = await queue(workplace, epochs=2)
    async with watching(workplace) as watch, asyncio.timeout(60):
        watchers = [asyncio.create_task(heard(watch, training_id)) for _ in range(WATCHERS)]
        looks = 0
        while looks < 10:  # nothing happens
            await asyncio.sleep(0.02)
            looks = watch.asked["look"]
        read_before = watch.asked["read"]
        while watch.asked["look"] < looks + 10:
            await asyncio.sleep(0.02)
        assert watch.asked["read"] == read_before

        training = await claim(workplace, "a")
        assert training is not None
        for epoch in (1, 2):
            async with workplace.sessions() as session, session.begin():
                await trainings.note_epochs(session, training_id, [EpochLosses(epoch, (1.0,), (1.0,))])
        async with workplace.sessions() as session, session.begin():
            assert await trainings.finish(session, training, "a", "failed", error="for the test")
        for events in await asyncio.gather(*watchers):
            assert [event.epoch for event in events if isinstance(event, EpochEvent)] == [1, 2]
            assert isinstance(events[-1], TrainingAnswer)
            assert events[-1].status == "failed"
        assert not watch._watched


async def test_a_stream_ends_with_its_token(workplace: Workplace) -> None:
    training_id = await queue(workplace)
    async with watching(workplace) as watch, asyncio.timeout(60):
        assert await heard(watch, training_id, ends_at=time.time() + 0.1) == []
        assert not watch._watched
