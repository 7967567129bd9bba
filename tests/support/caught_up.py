"""How far the feature table is behind the topics that it is made from."""

from typing import Final

from sqlalchemy import select

from ordercast.contracts.topics import ORDERS, VIEWS
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import FeaturePosition
from ordercast.services.shared.kafka.records import Partition
from ordercast.services.shared.kafka.topic_ends import end_offsets

FEATURE_TOPICS: Final = (ORDERS.name, VIEWS.name)


async def caught_up(bootstrap: str, sessions: Sessions) -> dict[Partition, int]:
    """Events of each partition of `orders` and `views` that are not yet in the feature table; all 0 means caught up.

    Positions are read after the ends, so events that arrive meanwhile can only be missed here, never counted twice.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`, or a topic is missing.
    """
    ends = await end_offsets(bootstrap, FEATURE_TOPICS)
    async with sessions() as session:
        rows = (await session.execute(select(FeaturePosition))).scalars()
        positions = {Partition(row.topic, row.partition): row.next_offset for row in rows}
    return {partition: max(0, end - positions.get(partition, 0)) for partition, end in sorted(ends.items())}
