"""What this process's trainings have told so far, for those who watch them."""

import asyncio
from collections import deque
from typing import Final
from uuid import UUID

from services.trainer.training_messages import EpochLosses

# Epochs kept for a watcher who comes late. The recipe has 100; a training of 10,000 shows its last ones.
EPOCHS_KEPT: Final = 1_000


class LiveTraining:
    """One attempt of a training. Watchers read at their own pace: the slow one misses nothing but what was dropped."""

    def __init__(self) -> None:
        self._epochs: deque[EpochLosses] = deque(maxlen=EPOCHS_KEPT)
        self._changed = asyncio.Event()

    @property
    def newest(self) -> EpochLosses | None:
        return self._epochs[-1] if self._epochs else None

    async def tell(self, losses: EpochLosses) -> None:
        self._epochs.append(losses)
        self.wake()

    def wake(self) -> None:
        """Something has changed: all who wait look again."""
        self._changed.set()
        self._changed = asyncio.Event()

    def after(self, epoch: int) -> list[EpochLosses]:
        """What was told after that epoch, oldest first."""
        newer = []
        for losses in reversed(self._epochs):
            if losses.epoch <= epoch:
                break
            newer.append(losses)
        return newer[::-1]

    async def changed(self) -> None:
        """Returns at the next change."""
        await self._changed.wait()


class LiveTrainings:
    """The trainings that run here, by id."""

    def __init__(self) -> None:
        self._running: dict[UUID, LiveTraining] = {}

    def start(self, training_id: UUID) -> LiveTraining:
        live = self._running[training_id] = LiveTraining()
        return live

    def end(self, training_id: UUID) -> None:
        """Forgets it: from now on the table tells all there is."""
        self._running.pop(training_id).wake()

    def find(self, training_id: UUID) -> LiveTraining | None:
        return self._running.get(training_id)
