"""How far the topics were read for webhooks, in PostgreSQL. Only the transaction that notes the deliveries moves it."""

from collections.abc import Collection, Mapping, Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.order_api.errors import PositionMoved
from ordercast.services.shared.kafka.ports import Slice
from ordercast.services.shared.kafka.records import Partition

_CREATE: Final = text("""
    INSERT INTO webhook_positions (topic, partition, next_offset)
    SELECT * FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS bigint[]), CAST(:offsets AS bigint[]))
    ON CONFLICT DO NOTHING
""")
_READ: Final = text("SELECT topic, partition, next_offset FROM webhook_positions")
# In one order everywhere, so that relays never deadlock while a partition passes from one to another.
_LOCK: Final = text("""
    SELECT p.topic, p.partition, p.next_offset FROM webhook_positions AS p
    JOIN unnest(CAST(:topics AS text[]), CAST(:numbers AS bigint[])) AS read (topic, partition) USING (topic, partition)
    ORDER BY p.topic, p.partition FOR UPDATE OF p
""")
_MOVE: Final = text("""
    UPDATE webhook_positions AS p SET next_offset = moved.next_offset
    FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS bigint[]), CAST(:offsets AS bigint[]))
        AS moved (topic, partition, next_offset)
    WHERE p.topic = moved.topic AND p.partition = moved.partition
""")
_FORGET: Final = text("DELETE FROM webhook_positions WHERE NOT EXISTS (SELECT FROM webhooks)")


async def create_positions(session: AsyncSession, starts: Mapping[Partition, int]) -> None:
    """Puts partitions that have no position there."""
    await session.execute(_CREATE, _columns(starts) | {"offsets": list(starts.values())})


async def read_positions(session: AsyncSession) -> dict[Partition, int]:
    return {Partition(topic, number): offset for topic, number, offset in await session.execute(_READ)}


async def lock_positions(session: AsyncSession, slices: Sequence[Slice]) -> None:
    """Locks the slices' partitions until the transaction ends.

    Raises:
        PositionMoved: a partition does not stand where its slice starts.
    """
    rows = await session.execute(_LOCK, _columns([piece.partition for piece in slices]))
    stored = {Partition(topic, number): offset for topic, number, offset in rows}
    for piece in slices:
        if (at := stored.get(piece.partition)) != piece.start:
            raise PositionMoved(
                f"{piece.partition.topic}/{piece.partition.number} stands at {at}, not at {piece.start}"
            )


async def move_positions(session: AsyncSession, slices: Sequence[Slice]) -> None:
    """Puts the positions behind the slices."""
    ends = [piece.end for piece in slices]
    await session.execute(_MOVE, _columns([piece.partition for piece in slices]) | {"offsets": ends})


async def forget_positions(session: AsyncSession) -> None:
    """Where nobody subscribes: the next subscription begins at its own time, not where the last one ended."""
    await session.execute(_FORGET)


def _columns(partitions: Collection[Partition]) -> dict[str, list[str] | list[int]]:
    return {
        "topics": [partition.topic for partition in partitions],
        "numbers": [partition.number for partition in partitions],
    }
