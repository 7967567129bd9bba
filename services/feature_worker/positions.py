"""The positions and producer marks in PostgreSQL. Only the transaction that writes the rows moves them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.feature_worker.dedupe import Stream
from ordercast.services.feature_worker.errors import PositionMoved
from ordercast.services.shared.kafka.dead_letters import dead_letter_id, replay_producer, replayed_dead_letter
from ordercast.services.shared.kafka.ports import Slice
from ordercast.services.shared.kafka.records import Partition

# A producer that has not been seen for so long sends no repeats any more. Its clients' keys end after a day.
MARKS_KEPT_FOR: Final = timedelta(days=7)

# A partition without a position is read from its beginning.
_CREATE: Final = text("""
    INSERT INTO feature_positions (topic, partition, next_offset, updated_at)
    SELECT *, 0, now() FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS bigint[]))
    ON CONFLICT DO NOTHING
""")
_READ: Final = text("SELECT topic, partition, next_offset FROM feature_positions")
# Both topics' rows of a partition, in one order everywhere: an account belongs to one transaction at a time, even while a
# partition passes from one worker to another, and no two workers ever wait for each other in a circle.
_TAKE: Final = text("""
    SELECT topic, partition, next_offset FROM feature_positions
    WHERE partition = ANY (CAST(:numbers AS bigint[]))
    ORDER BY partition, topic FOR UPDATE
""")
_MOVE: Final = text("""
    UPDATE feature_positions AS p SET next_offset = moved.next_offset, updated_at = now()
    FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS bigint[]), CAST(:offsets AS bigint[]))
        AS moved (topic, partition, next_offset)
    WHERE p.topic = moved.topic AND p.partition = moved.partition
""")
_READ_MARKS: Final = text("""
    SELECT m.topic, m.partition, m.producer, m.last_number
    FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS bigint[]), CAST(:producers AS text[]))
        AS wanted (topic, partition, producer)
    JOIN feature_producer_marks AS m USING (topic, partition, producer)
""")
_WRITE_MARKS: Final = text("""
    INSERT INTO feature_producer_marks (topic, partition, producer, last_number, seen_at)
    SELECT *, now() FROM unnest(
        CAST(:topics AS text[]), CAST(:numbers AS bigint[]), CAST(:producers AS text[]), CAST(:last_numbers AS bigint[])
    )
    ON CONFLICT (topic, partition, producer)
    DO UPDATE SET last_number = EXCLUDED.last_number, seen_at = EXCLUDED.seen_at
""")
# The outbox lives for ever, and a dead letter may be replayed at any time.
_DROP_MARKS: Final = text("""
    DELETE FROM feature_producer_marks
    WHERE seen_at < now() - CAST(:kept_for AS interval) AND producer <> 'outbox' AND producer NOT LIKE 'replay:%'
""")

_READ_REPLAY_MARKS: Final = text("SELECT producer FROM feature_producer_marks WHERE producer LIKE 'replay:%'")


async def create_positions(session: AsyncSession, partitions: Collection[Partition]) -> None:
    """Puts partitions that have no position at their beginning."""
    await session.execute(_CREATE, _columns(sorted(partitions)))


async def read_positions(session: AsyncSession) -> dict[Partition, int]:
    """All positions: the next offset to apply of each partition."""
    return {Partition(topic, number): offset for topic, number, offset in await session.execute(_READ)}


async def lock_positions(session: AsyncSession, slices: Sequence[Slice]) -> None:
    """Locks the slices' partitions until the transaction ends.

    Raises:
        PositionMoved: a partition does not stand where its slice starts.
    """
    numbers = sorted({piece.partition.number for piece in slices})
    rows = await session.execute(_TAKE, {"numbers": numbers})
    stored = {Partition(topic, number): offset for topic, number, offset in rows}
    for piece in slices:
        if stored.get(piece.partition) != piece.start:
            raise PositionMoved(piece.partition, piece.start, stored.get(piece.partition))


async def move_positions(session: AsyncSession, slices: Sequence[Slice]) -> None:
    """Puts the positions behind the slices."""
    columns = _columns([piece.partition for piece in slices])
    await session.execute(_MOVE, {**columns, "offsets": [piece.end for piece in slices]})


async def read_marks(session: AsyncSession, streams: Collection[Stream]) -> dict[Stream, int]:
    """The last numbers taken from the streams; a stream that was never seen is missing."""
    wanted = list(streams)
    columns = _columns([stream.partition for stream in wanted])
    rows = await session.execute(_READ_MARKS, {**columns, "producers": [stream.producer for stream in wanted]})
    return {Stream(Partition(topic, number), producer): last for topic, number, producer, last in rows}


async def read_skipped_letters(session: AsyncSession) -> frozenset[str]:
    """The ids of all dead letters whose records were skipped, replayed since or not."""
    producers = (await session.execute(_READ_REPLAY_MARKS)).scalars()
    return frozenset(replayed_dead_letter(producer) for producer in producers)


async def read_refused_offsets(
    session: AsyncSession, before: Mapping[Partition, int], window: int
) -> dict[Partition, list[int]]:
    """Offsets of records that were skipped, in the `window` before an offset of each partition.

    Each has opened the stream of its replay, so this is known after a restart, too.
    """
    streams = {
        Stream(partition, replay_producer(dead_letter_id(partition, offset))): offset
        for partition, end in before.items()
        for offset in range(max(0, end - window), end)
    }
    refused: dict[Partition, list[int]] = {}
    for stream in await read_marks(session, streams):
        refused.setdefault(stream.partition, []).append(streams[stream])
    return refused


async def write_marks(session: AsyncSession, marks: Mapping[Stream, int]) -> None:
    ordered = sorted(marks)
    columns = _columns([stream.partition for stream in ordered])
    producers = [stream.producer for stream in ordered]
    last_numbers = [marks[stream] for stream in ordered]
    await session.execute(_WRITE_MARKS, {**columns, "producers": producers, "last_numbers": last_numbers})


async def drop_old_marks(session: AsyncSession) -> None:
    """Forgets producers that sent nothing for `MARKS_KEPT_FOR`, so that the table of marks stays small."""
    await session.execute(_DROP_MARKS, {"kept_for": MARKS_KEPT_FOR})


def _columns(partitions: Sequence[Partition]) -> dict[str, list[str] | list[int]]:
    return {
        "topics": [partition.topic for partition in partitions],
        "numbers": [partition.number for partition in partitions],
    }
