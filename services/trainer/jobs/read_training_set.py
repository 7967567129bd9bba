"""Reads the training set out of the feature table: slice by slice, all of one moment, with the positions of that moment."""

from typing import Final

from sqlalchemy import select

from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import FeatureRow
from ordercast.services.shared.db.read_activity import read_activity_positions
from ordercast.services.trainer.training.training_set import TrainingSet, TrainingSetBuilder

# Rows in a slice: some 100 kB.
SLICE: Final = 5_000


async def read_training_set(sessions: Sessions) -> TrainingSet:
    """All feature rows with an order.

    Raises:
        UnusableTrainingSet: there are none, or they teach nothing.
    """
    builder = TrainingSetBuilder()
    async with sessions() as session, session.begin():
        # One snapshot: rows and positions belong together, and the manifest says which rows were learned from.
        await session.connection(execution_options={"isolation_level": "REPEATABLE READ"})
        positions = await read_activity_positions(session)
        rows = await session.stream(
            select(FeatureRow.account_id, FeatureRow.product_id, FeatureRow.view_count, FeatureRow.first_quantity)
            .where(FeatureRow.first_ordered_at.is_not(None))
            .order_by(FeatureRow.account_id, FeatureRow.product_id)
            .execution_options(yield_per=SLICE)
        )
        async for part in rows.partitions():
            builder.add([(row.account_id, row.product_id, row.view_count, row.first_quantity or 0) for row in part])
    return builder.finish(positions)
