"""What happens in a training, as it happens: the epochs so far, then each new one, then how it ended.

One look into the table for all who watch says whose training has changed; only they read what is new.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Final
from uuid import UUID

import structlog
from sqlalchemy import func, select
from sqlalchemy.exc import SQLAlchemyError

from ordercast.first_line import first_line
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.unavailable import is_unavailable
from ordercast.services.trainer.jobs.answers import (
    EpochEvent,
    NetworksEvent,
    TrainingAnswer,
    WaitingEvent,
    answer_of,
    event_of,
    networks_of,
)
from ordercast.services.trainer.jobs.tables import Training, TrainingEpoch
from ordercast.services.trainer.jobs.trainings import FINISHED

log = structlog.stdlib.get_logger()

# Between two looks (s). The table is the source, so that any trainer can be asked about any training.
POLL_S: Final = 0.25
# Rows of one look: with 100 members they take about 1 MB.
EPOCHS_A_LOOK: Final = 500


# What a look sees of a training: its attempts, its status, the events that it waits for, its networks, and its newest epoch.
State = tuple[int, str, int, dict[str, Any] | None, int]
Event = EpochEvent | NetworksEvent | WaitingEvent | TrainingAnswer


class WatchTrainings:
    """Call it for what happens in a training; `run` looks for all that are watched."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._watched: Counter[UUID] = Counter()
        self._states: dict[UUID, State] = {}

    async def run(self, stopping: asyncio.Event) -> None:
        while not stopping.is_set():
            await asyncio.sleep(POLL_S)
            if self._watched:
                try:
                    self._states = await self._look(list(self._watched))
                except (SQLAlchemyError, OSError) as error:
                    if not is_unavailable(error):
                        raise
                    log.warning("waiting for the database", cause=first_line(error), work="watch-trainings")

    async def _look(self, training_ids: list[UUID]) -> dict[UUID, State]:
        newest = func.coalesce(func.max(TrainingEpoch.epoch), 0)
        query = (
            select(Training.id, Training.attempts, Training.status, Training.events_behind, Training.networks, newest)
            .outerjoin(TrainingEpoch)
            .where(Training.id.in_(training_ids))
            .group_by(Training.id)
        )
        async with self._sessions() as session:
            return {row[0]: (row[1], row[2], row[3], row[4], row[5]) for row in await session.execute(query)}

    async def __call__(
        self, training_id: UUID, stopping: asyncio.Event, may_watch: Callable[[], Awaitable[bool]]
    ) -> AsyncIterator[Event | None]:
        """What it waits for, the epochs in order, each question's networks when something else is known of them, and in the end the
        training itself; None after each pause without news.

        Ends early, without the training, when `stopping` is set or who watches no longer may. A training that starts anew,
        because its trainer died, is told from its first epoch again.
        """
        self._watched[training_id] += 1
        try:
            async for event in self._told(training_id):
                if stopping.is_set() or not await may_watch():
                    return
                yield event
        finally:
            self._watched[training_id] -= 1
            if not self._watched[training_id]:
                del self._watched[training_id]

    async def _told(self, training_id: UUID) -> AsyncIterator[Event | None]:
        seen = attempt = behind = 0
        networks: dict[str, NetworksEvent] = {}
        while True:
            state = self._states.get(training_id)  # before the rows: what comes meanwhile is read again
            training, rows = await self._read(training_id, attempt, seen)
            if training.attempts != attempt:
                seen, attempt, networks = 0, training.attempts, {}
            if training.status == "running" and training.events_behind != behind:
                behind = training.events_behind
                if behind:
                    yield WaitingEvent(behind)
            for row in rows:
                yield event_of(training, row)
                seen = row.epoch
            if len(rows) == EPOCHS_A_LOOK:
                continue
            for event in networks_of(training):
                if networks.get(event.question) != event:
                    networks[event.question] = event
                    yield event
            if training.status in FINISHED:
                yield answer_of(training, seen)
                return
            changed = False
            while not changed:
                yield None
                await asyncio.sleep(POLL_S)
                changed = state is None or self._states.get(training_id) != state

    async def _read(self, training_id: UUID, attempt: int, seen: int) -> tuple[Training, list[TrainingEpoch]]:
        """The training, and the next epochs of the attempt; of another attempt than the one that is known, from its first."""
        async with self._sessions() as session:
            training = await session.get_one(Training, training_id)
            newer = (
                select(TrainingEpoch)
                .where(
                    TrainingEpoch.training_id == training_id,
                    TrainingEpoch.epoch > (seen if training.attempts == attempt else 0),
                )
                .order_by(TrainingEpoch.epoch)
                .limit(EPOCHS_A_LOOK)
            )
            return training, list(await session.scalars(newer))
