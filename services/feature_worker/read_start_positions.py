"""Tells a consumer where to go on: the positions in the database, not Kafka's."""

from collections.abc import Collection, Mapping

from ordercast.services.feature_worker.positions import create_positions, read_positions
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.kafka.records import Partition


class ReadStartPositions:
    """The use case. Partitions seen for the first time start at their beginning."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions

    async def __call__(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        async with self._sessions() as session, session.begin():
            await create_positions(session, partitions)
            return await read_positions(session)
