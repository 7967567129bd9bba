"""Reads the training set: all feature rows with an order, and the positions up to which they are true, as of one moment."""

from collections.abc import Sequence
from typing import Final

from sqlalchemy import select, tuple_
from sqlalchemy.ext.asyncio import AsyncSession

from services.shared.contracts.model_manifest import TopicPosition
from services.shared.db.engine import Sessions
from services.shared.db.features import FeaturePosition, FeatureRow
from services.trainer.training_set import TrainingSet, TrainingSetBuilder

# Rows read at once: about 2 MB, and less than a tenth of a second in which the loop does nothing else.
SLICE_ROWS: Final = 10_000
# Rows and positions have to be of the same moment, however many slices the reading takes.
_SNAPSHOT: Final = {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}


async def read_training_set(sessions: Sessions) -> TrainingSet:
    """The columns to learn from, with their digest and positions.

    Raises:
        UnusableTrainingSet: there are no rows, or their target is constant.
    """
    builder = TrainingSetBuilder()
    async with sessions() as session, session.begin():
        await session.connection(execution_options=_SNAPSHOT)
        positions = await _read_positions(session)
        last_key = (0, 0)  # ids begin at 1
        while rows := await _read_slice(session, last_key):
            builder.add([(account, product, views, quantity) for account, product, views, quantity in rows])
            last_key = rows[-1][:2]
    return builder.finish(positions)


async def _read_positions(session: AsyncSession) -> tuple[TopicPosition, ...]:
    query = select(FeaturePosition).order_by(FeaturePosition.topic, FeaturePosition.partition)
    return tuple(
        TopicPosition(position.topic, position.partition, position.next_offset)
        for position in (await session.scalars(query)).all()
    )


async def _read_slice(session: AsyncSession, after: tuple[int, int]) -> Sequence[tuple[int, int, int, int]]:
    key = (FeatureRow.account_id, FeatureRow.product_id)
    query = (
        select(*key, FeatureRow.view_count, FeatureRow.first_quantity)
        .where(FeatureRow.first_quantity.is_not(None), tuple_(*key) > after)
        .order_by(*key)
        .limit(SLICE_ROWS)
    )
    return [tuple(row) for row in (await session.execute(query)).all()]
