"""A training as a stream of server-sent events: `epoch` for each epoch, and `end` with the training when it has ended."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final
from uuid import UUID

import msgspec

from services.shared.db.engine import Sessions
from services.trainer.live_trainings import LiveTraining, LiveTrainings
from services.trainer.request_trainings import find_training
from services.trainer.schemas import TrainingAnswer
from services.trainer.trainings import ENDED, Training

# A look into the table (s) for what no signal tells: a training that waits, or that another trainer runs.
LOOK_EVERY_S: Final = 1.0


async def watch_training(
    sessions: Sessions, live: LiveTrainings, training_id: UUID, stopping: asyncio.Event
) -> AsyncIterator[bytes]:
    """Events until the training has ended or the service stops; who comes late gets what was told before.

    Of a training that another trainer runs the table has only the newest epoch: then each look shows that one.
    """
    epoch = 0
    attempts = 0
    while not stopping.is_set():
        here = live.find(training_id)
        training = await find_training(sessions, training_id)
        if training.attempts != attempts:
            epoch, attempts = 0, training.attempts  # a new attempt begins with epoch 1 again
        for progress in _told(here, training, epoch):
            epoch = progress["epoch"]
            yield _event("epoch", msgspec.json.encode(progress | {"epochs": training.recipe["epochs"]}))
        if training.status in ENDED:
            yield _event("end", TrainingAnswer.of(training).model_dump_json().encode())
            return
        yield b": still here\n\n"  # so that a client that has gone is noticed
        await _next_look(here, stopping)


def _told(here: LiveTraining | None, training: Training, epoch: int) -> list[dict[str, object]]:
    if here is not None:
        return [msgspec.to_builtins(losses) for losses in here.after(epoch)]
    newest = training.progress
    return [newest] if newest and newest["epoch"] > epoch else []


def _event(name: str, data: bytes) -> bytes:
    return b"event: " + name.encode() + b"\ndata: " + data + b"\n\n"
