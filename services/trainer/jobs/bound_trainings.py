"""How many trainings may wait, and how large each may be: told when it is asked for, not by hours of work."""

from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.because import sentence
from ordercast.contracts.demand_manifest import DEMAND, QUESTIONS
from ordercast.services.shared.db.features import FeatureRow, PairActivity
from ordercast.services.trainer.errors import QueueFull, TrainingTooLarge
from ordercast.services.trainer.jobs.tables import Training
from ordercast.services.trainer.recipes import AskedTraining


@dataclass(frozen=True, slots=True)
class TrainingBounds:
    """`waiting` trainings, and of each members x epochs x rows `work`, of `demand` for each question."""

    waiting: int = 50
    work: int = 10**10

    async def check(self, session: AsyncSession, asked: AskedTraining) -> None:
        """Before a training is added in this transaction, which has locked the queue.

        Raises:
            QueueFull: so many wait already.
            TrainingTooLarge: on the rows that are there now it would be too much.
        """
        queued = select(func.count()).select_from(Training).where(Training.status == "queued")
        if (await session.scalar(queued) or 0) >= self.waiting:
            raise QueueFull(sentence("too-many-trainings", waiting=self.waiting))
        rows = await _rows(session, asked)
        questions = len(QUESTIONS) if asked.serves == DEMAND else 1
        if (work := asked.members * asked.epochs * questions * rows) > self.work:
            sizes = {"members": asked.members, "epochs": asked.epochs, "questions": questions, "rows": rows}
            raise TrainingTooLarge(sentence("training-too-large", **sizes, work=work, most=self.work))


async def _rows(session: AsyncSession, asked: AskedTraining) -> int:
    if asked.serves == DEMAND:
        days = select(func.count()).select_from(PairActivity)
        return await session.scalar(days if asked.until is None else days.where(PairActivity.day < asked.until)) or 0
    ordered = select(func.count()).select_from(FeatureRow).where(FeatureRow.first_ordered_at.is_not(None))
    return await session.scalar(ordered) or 0
