"""One training: how far it is, the losses of its networks so far, and how it ended; followed until then."""

import asyncio
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import UUID

from ordercast.client import Client
from ordercast.client.errors import ClientError
from ordercast.client.trainer import data_of
from ordercast.client.training_answers import Training
from ordercast.services.console.loss_curves import LossCurves, Losses, curves_of, curves_so_far
from ordercast.services.console.parts import PART_DEADLINE_S, Missing, ask
from ordercast.services.console.trainings.last_like_it import last_like_it
from ordercast.services.console.trainings.pace import Pace
from ordercast.services.console.trainings.read_trainings import Row
from ordercast.services.shared.process.pause import pause_until

# Between two drawings (s): at least, and at most, as time passes without an epoch, too.
LEAST_S: Final = 1.0
MOST_S: Final = 5.0
# The kind of problem where there is no such training.
NOT_FOUND: Final = "training-not-found"


@dataclass(slots=True)
class Told:
    """What a training told of its epochs. `changed` is set with each, and when something else is known of its networks."""

    losses: dict[int, Losses] = field(default_factory=dict)
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def hear(self, epoch: int, losses: Losses) -> None:
        # One that starts anew, as its trainer died, tells from its first epoch again.
        self.losses = {number: kept for number, kept in self.losses.items() if number < epoch} | {epoch: losses}
        self.changed.set()


@dataclass(frozen=True, slots=True)
class OneTraining:
    """`left` at the pace of the epochs that passed while it was followed; `curves` of a version that was published are its own, or
    `version` says why they are missing. `like` is how long the last one like it took, before its first epoch."""

    as_of: datetime
    row: Row
    left: timedelta | None
    curves: list[LossCurves]
    version: Missing | None = None
    like: timedelta | None = None


async def read_training(client: Client, training_id: UUID) -> OneTraining | Missing:
    """As it stands, with the epochs that are over.

    Raises:
        LoggedOut: the account's tokens are good no longer.
    """
    training = await ask("trainer", client.trainer.get(training_id))
    if isinstance(training, Missing):
        return training
    told = Told()
    if training.progress.epoch:
        with suppress(ClientError, TimeoutError):
            async with asyncio.timeout(PART_DEADLINE_S):
                await _hear(client, training_id, told, until=training.progress.epoch)
    return await _shown(client, training, told.losses, like=await last_like_it(client, training))


async def follow_training(
    client: Client, training_id: UUID, stopping: asyncio.Event
) -> AsyncGenerator[Mapping[str, Any], None]:
    """The same again and again, as it changes, until it has ended or `stopping` is set.

    Raises:
        LoggedOut: the account's tokens are good no longer.
    """
    told, pace = Told(), Pace()
    like: timedelta | None = None
    is_looked_up = False
    hearing = asyncio.create_task(_hear_to_the_end(client, training_id, told))
    try:
        while not stopping.is_set():
            told.changed.clear()
            ended = hearing.done()  # before it is read: no epoch is missed
            training = await ask("trainer", client.trainer.get(training_id))
            if isinstance(training, Missing):
                yield {"found": training}
                if training.kind == NOT_FOUND:
                    return
            else:
                left = pace.see(training.progress, time.monotonic())
                if not is_looked_up:
                    like, is_looked_up = await last_like_it(client, training), True
                found = await _shown(client, training, told.losses, left, like)
                # The last epochs may be on their way still.
                if not found.row.is_over or ended:
                    yield {"found": found}
                if found.row.is_over and ended:
                    return
            await pause_until([stopping], LEAST_S)
            await pause_until([stopping, told.changed], MOST_S - LEAST_S)
    finally:
        hearing.cancel()


async def _hear_to_the_end(client: Client, training_id: UUID, told: Told) -> None:
    """Over breaks of the connection, and when a token ends."""
    while True:
        with suppress(ClientError):
            if await _hear(client, training_id, told):
                told.changed.set()
                return
        await asyncio.sleep(LEAST_S)


async def _hear(client: Client, training_id: UUID, told: Told, until: int | None = None) -> bool:
    """Whether it has ended; or it was heard `until` that epoch."""
    async for event in client.trainer.events(training_id):
        if event.name == "ended":
            return True
        if event.name == "epoch":
            data = data_of(event)
            told.hear(data["epoch"], data["loss"])
            if until is not None and data["epoch"] >= until:
                return False
        if event.name == "networks":
            told.changed.set()
    return False


async def _shown(
    client: Client,
    training: Training,
    losses: Mapping[int, Losses],
    left: timedelta | None = None,
    like: timedelta | None = None,
) -> OneTraining:
    now = datetime.now(UTC)
    row = Row(training, now)
    curves, version = curves_so_far(training.serves, training.epochs, losses, training.networks), None
    if training.model_version:
        model = await ask("predictor", client.predictor.model(training.model_version))
        if isinstance(model, Missing):
            version = model
        else:
            curves = curves_of(model.manifest or {}, training.networks) or curves
    if row.is_over:
        left = like = None
    return OneTraining(now, row, left, curves, version, None if training.progress.epoch else like)
