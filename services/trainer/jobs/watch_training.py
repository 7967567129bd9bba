"""What happens in a training, as it happens: the epochs so far, then each new one, then how it ended."""

import asyncio
from collections.abc import AsyncIterator
from typing import Final
from uuid import UUID

from sqlalchemy import select

from ordercast.services.shared.db.engine import Sessions
from ordercast.services.trainer.jobs.answers import EpochEvent, TrainingAnswer, answer_of, event_of
from ordercast.services.trainer.jobs.tables import Training, TrainingEpoch
from ordercast.services.trainer.jobs.trainings import FINISHED

# Between two looks (s). The table is the source, so that any trainer can be asked about any training.
POLL_S: Final = 0.25
# Rows of one look: with 100 members they take about 1 MB.
EPOCHS_A_LOOK: Final = 500


async def watch_training(
    sessions: Sessions, training_id: UUID, stopping: asyncio.Event
) -> AsyncIterator[EpochEvent | TrainingAnswer | None]:
    """The epochs in order, and in the end the training itself; None after each look that found nothing new.

    Ends early, without the training, when `stopping` is set. A training that starts anew, because its trainer died, is told
    from its first epoch again.
    """
    seen = attempt = 0
    while not stopping.is_set():
        async with sessions() as session:
            training = await session.get_one(Training, training_id)
            if training.attempts != attempt:
                seen, attempt = 0, training.attempts
            newer = (
                select(TrainingEpoch)
                .where(TrainingEpoch.training_id == training_id, TrainingEpoch.epoch > seen)
                .order_by(TrainingEpoch.epoch)
                .limit(EPOCHS_A_LOOK)
            )
            rows = list(await session.scalars(newer))
        for row in rows:
            yield event_of(training, row)
            seen = row.epoch
        if len(rows) == EPOCHS_A_LOOK:
            continue
        if training.status in FINISHED:
            yield answer_of(training, seen)
            return
        if not rows:
            yield None
        await asyncio.sleep(POLL_S)
