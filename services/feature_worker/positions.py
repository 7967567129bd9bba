"""The positions, and what has been seen of the streams, in PostgreSQL. Only the transaction that writes the rows moves them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.feature_worker.dedupe import Stream
from ordercast.services.feature_worker.errors import PositionMoved
from ordercast.services.feature_worker.seen import Run, Seen, seen
from ordercast.services.shared.kafka.dead_letters import dead_letter_id, replay_producer, replayed_dead_letter
from ordercast.services.shared.kafka.ports import Slice
from ordercast.services.shared.kafka.records import Partition

# A producer that has not been seen for so long sends no repeats any more. Its clients' keys end after a day.
STREAMS_KEPT_FOR: Final = timedelta(days=7)

# A partition without a position is read from its beginning.
_CREATE: Final = text("""
    INSERT INTO feature_positions (topic, partition, next_offset, updated_at)
    SELECT *, 0, now() FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS bigint[]))
    ON CONFLICT DO NOTHING
""")
_READ: Final = text("SELECT topic, partition, next_offset FROM feature_positions")
# Both topics' rows of a partition, in one order everywhere: an account belongs to one transaction at a time, even while a
# partition passes from one worker to another, and no two workers ever deadlock.
_LOCK: Final = text("""
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
_READ_LAST_SEQUENCES: Final = text("""
    SELECT s.topic, s.partition, s.producer, s.last_sequence
    FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS bigint[]), CAST(:producers AS text[]))
        AS wanted (topic, partition, producer)
    JOIN feature_last_sequences AS s USING (topic, partition, producer)
""")
_READ_AHEAD: Final = text("""
    SELECT s.topic, s.partition, s.producer, s.first_sequence, s.last_sequence
    FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS bigint[]), CAST(:producers AS text[]))
        AS wanted (topic, partition, producer)
    JOIN feature_sequences_ahead AS s USING (topic, partition, producer)
""")
_DELETE_AHEAD: Final = text("""
    DELETE FROM feature_sequences_ahead AS s
    USING unnest(CAST(:topics AS text[]), CAST(:numbers AS bigint[]), CAST(:producers AS text[]))
        AS changed (topic, partition, producer)
    WHERE (s.topic, s.partition, s.producer) = (changed.topic, changed.partition, changed.producer)
""")
_INSERT_AHEAD: Final = text("""
    INSERT INTO feature_sequences_ahead (topic, partition, producer, first_sequence, last_sequence)
    SELECT * FROM unnest(
        CAST(:topics AS text[]), CAST(:numbers AS bigint[]), CAST(:producers AS text[]),
        CAST(:firsts AS bigint[]), CAST(:lasts AS bigint[])
    )
""")
_WRITE_LAST_SEQUENCES: Final = text("""
    INSERT INTO feature_last_sequences (topic, partition, producer, last_sequence, seen_at)
    SELECT *, now() FROM unnest(
        CAST(:topics AS text[]), CAST(:numbers AS bigint[]), CAST(:producers AS text[]), CAST(:last_sequences AS bigint[])
    )
    ON CONFLICT (topic, partition, producer)
    DO UPDATE SET last_sequence = EXCLUDED.last_sequence, seen_at = EXCLUDED.seen_at
""")
# The outbox's stream has no end, a dead letter may be replayed at any time, and a gap waits for somebody to look.
_FORGET_STREAMS: Final = text("""
    DELETE FROM feature_last_sequences AS s
    WHERE seen_at < now() - CAST(:kept_for AS interval) AND producer <> 'outbox' AND producer NOT LIKE 'replay:%'
        AND NOT EXISTS (
            SELECT FROM feature_sequences_ahead AS a
            WHERE (a.topic, a.partition, a.producer) = (s.topic, s.partition, s.producer)
        )
""")

_READ_REPLAY_STREAMS: Final = text("SELECT producer FROM feature_last_sequences WHERE producer LIKE 'replay:%'")


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
    rows = await session.execute(_LOCK, {"numbers": numbers})
    stored = {Partition(topic, number): offset for topic, number, offset in rows}
    for piece in slices:
        if stored.get(piece.partition) != piece.start:
            raise PositionMoved(piece.partition, piece.start, stored.get(piece.partition))


async def move_positions(session: AsyncSession, slices: Sequence[Slice]) -> None:
    """Puts the positions behind the slices."""
    columns = _columns([piece.partition for piece in slices])
    await session.execute(_MOVE, {**columns, "offsets": [piece.end for piece in slices]})


async def read_last_sequences(session: AsyncSession, streams: Collection[Stream]) -> dict[Stream, int]:
    """The last numbers seen in the streams; a stream that was never seen is missing."""
    rows = await session.execute(_READ_LAST_SEQUENCES, _stream_columns(list(streams)))
    return {Stream(Partition(topic, number), producer): last for topic, number, producer, last in rows}


async def read_seen(session: AsyncSession, streams: Collection[Stream]) -> dict[Stream, Seen]:
    """What has been seen of the streams; a stream that was never seen is missing."""
    wanted = list(streams)
    runs: dict[Stream, list[Run]] = {}
    for topic, number, producer, first, last in await session.execute(_READ_AHEAD, _stream_columns(wanted)):
        runs.setdefault(Stream(Partition(topic, number), producer), []).append(Run(first, last))
    last_sequences = await read_last_sequences(session, wanted)
    # Put together anew: a worker of the release before moves the last sequence alone.
    return {stream: seen(last, runs.get(stream, ())) for stream, last in last_sequences.items()}


async def read_skipped_dead_letters(session: AsyncSession) -> frozenset[str]:
    """The ids of all dead letters whose records were skipped, replayed since or not."""
    producers = (await session.execute(_READ_REPLAY_STREAMS)).scalars()
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
    for stream in await read_last_sequences(session, streams):
        refused.setdefault(stream.partition, []).append(streams[stream])
    return refused


async def write_seen(session: AsyncSession, after: Mapping[Stream, Seen], before: Mapping[Stream, Seen]) -> None:
    """Writes what has been seen of the streams in `after`; `before` says what is written already."""
    ordered = sorted(after)
    last_sequences = [after[stream].last for stream in ordered]
    await session.execute(_WRITE_LAST_SEQUENCES, {**_stream_columns(ordered), "last_sequences": last_sequences})
    changed = [stream for stream in ordered if after[stream].ahead != before.get(stream, Seen()).ahead]
    if not changed:
        return
    await session.execute(_DELETE_AHEAD, _stream_columns(changed))
    runs = [(stream, run) for stream in changed for run in after[stream].ahead]
    await session.execute(
        _INSERT_AHEAD,
        {
            **_stream_columns([stream for stream, _ in runs]),
            "firsts": [run.first for _, run in runs],
            "lasts": [run.last for _, run in runs],
        },
    )


async def forget_old_streams(session: AsyncSession) -> None:
    """Forgets producers that sent nothing for `STREAMS_KEPT_FOR`, so that their table stays small."""
    await session.execute(_FORGET_STREAMS, {"kept_for": STREAMS_KEPT_FOR})


def _stream_columns(streams: Sequence[Stream]) -> dict[str, list[str] | list[int]]:
    return {
        **_columns([stream.partition for stream in streams]),
        "producers": [stream.producer for stream in streams],
    }


def _columns(partitions: Sequence[Partition]) -> dict[str, list[str] | list[int]]:
    return {
        "topics": [partition.topic for partition in partitions],
        "numbers": [partition.number for partition in partitions],
    }
