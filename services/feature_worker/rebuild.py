"""Makes the feature table again from the topics, beside the live one, and puts it in its place while serving goes on.

The last events are read with the workers held, so that old and new stand at the same positions when they are compared and
swapped: a worker finds in the new tables exactly the positions that it left in the old ones. Killed at any moment it leaves
the live tables untouched; the next rebuild begins anew.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Final

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.feature_worker.errors import RebuildRefused
from ordercast.services.feature_worker.positions import read_positions, read_skipped_dead_letters
from ordercast.services.feature_worker.prediction_answers import forget_all_old
from ordercast.services.feature_worker.read_start_positions import ReadStartPositions
from ordercast.services.feature_worker.record_features import Admit, RecordFeatures
from ordercast.services.feature_worker.resume_streams import forget_above
from ordercast.services.feature_worker.shadow_tables import (
    LIVE,
    SHADOW,
    Differences,
    compare_with_shadow,
    create_shadow,
    hold_positions,
    swap_shadow_in,
)
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import FeatureRepair
from ordercast.services.shared.db.retry import sqlstate
from ordercast.services.shared.kafka.admit import Admitted, Refused, refuse
from ordercast.services.shared.kafka.dead_letters import dead_letter_id
from ordercast.services.shared.kafka.ports import Consumer, Slice
from ordercast.services.shared.kafka.records import Partition, StoredRecord

# Any fixed number that nobody else locks in this database.
REBUILD_LOCK: Final = 7_305_110_402
# Events left (at most) when the workers are held: they are read in well under a second.
FEW_EVENTS: Final = 5_000
BATCH_EVENTS: Final = 4_000
POLL_S: Final = 1.0
# Somebody who reads a live table for a long time keeps the swap off: tries, and the time (s) between them.
SWAP_ATTEMPTS: Final = 20
SWAP_PAUSE_S: Final = 3.0
LOCK_NOT_AVAILABLE: Final = "55P03"

Positions = Mapping[Partition, int]
OpenReader = Callable[[Partition, ReadStartPositions], AbstractAsyncContextManager[Consumer]]
Report = Callable[[int, int], None]


class RebuildFeatures:
    """The use case. `shadow` are sessions whose search path is `shadow_tables.SHADOW`; `report` hears (events done, of)."""

    def __init__(
        self, live: Sessions, shadow: Sessions, *, open_reader: OpenReader, admit: Admit, report: Report
    ) -> None:
        self._live = live
        self._shadow = shadow
        self._open_reader = open_reader
        self._admit = admit
        self._report = report
        self._place = ReadStartPositions(shadow)
        self._record = RecordFeatures(shadow, admit=self._admit_as_live, keep_refused=self._check_refused)
        self._skipped: frozenset[str] = frozenset()
        self._repairs: Sequence[FeatureRepair] = ()
        self._done = 0

    async def __call__(self) -> Differences:
        """Rebuilds, compares and swaps; the differences that there were.

        Raises:
            RebuildRefused: another rebuild runs, an event cannot be read any more, or the live tables are never free.
            BrokerUnavailable: Kafka does not answer.
            DBAPIError: the database is away.
        """
        async with self._only_one():
            async with self._live() as session, session.begin():
                await create_shadow(session)
            while await self._catch_up() > FEW_EVENTS:
                pass
            for _ in range(SWAP_ATTEMPTS):
                try:
                    return await self._finish()
                except DBAPIError as error:
                    if sqlstate(error) != LOCK_NOT_AVAILABLE:
                        raise
                await asyncio.sleep(SWAP_PAUSE_S)
                await self._catch_up()
            raise RebuildRefused("somebody keeps reading the live tables; they are untouched, try again later")

    async def _catch_up(self) -> int:
        """Reads up to the live positions; how many events that were."""
        async with self._live() as session, session.begin():
            target = await read_positions(session)
            # After the positions: these may only know more.
            self._skipped = await read_skipped_dead_letters(session)
            self._repairs = await _forgetting_repairs(session)
        return await self._read_up_to(target)

    async def _finish(self) -> Differences:
        async with self._live() as session, session.begin():
            await hold_positions(session)
            target = await read_positions(session)
            self._skipped = await read_skipped_dead_letters(session)
            self._repairs = await _forgetting_repairs(session)
            await self._read_up_to(target)
            for schema in (LIVE, SHADOW):  # the topic has those of before, too
                await forget_all_old(session, schema)
            differences = await compare_with_shadow(session)
            await swap_shadow_in(session)
        return differences

    async def _read_up_to(self, target: Positions) -> int:
        reached = await self._place(target)
        left = sum(target.values()) - sum(reached[partition] for partition in target)
        self._done = sum(reached.values())
        for partition, end in sorted(target.items()):
            await self._repair(partition, reached[partition])
            if reached[partition] < end:
                await self._read_partition(partition, reached[partition], end, sum(target.values()))
        return left

    async def _read_partition(self, partition: Partition, position: int, end: int, total: int) -> None:
        async with self._open_reader(partition, self._place) as reader:
            while position < end:
                slices = await reader.poll(max_records=BATCH_EVENTS, timeout_s=POLL_S)
                if not slices:
                    await reader.ends()  # a broker that is gone says nothing to a poll
                for piece in slices:
                    for part in _parts(piece, end, {repair.at_offset for repair in self._repairs_of(partition)}):
                        await self._record([part])
                        await self._repair(partition, part.end)
                    self._done += min(piece.end, end) - position
                    position = min(piece.end, end)
                    self._report(self._done, total)

    def _repairs_of(self, partition: Partition) -> list[FeatureRepair]:
        return [repair for repair in self._repairs if (repair.topic, repair.partition) == partition]

    async def _repair(self, partition: Partition, position: int) -> None:
        """Makes the repairs of a stream again that were made here. Twice they do no more than once."""
        for repair in self._repairs_of(partition):
            if repair.at_offset == position and repair.forgotten_above is not None:
                async with self._shadow() as session, session.begin():
                    await forget_above(session, *partition, repair.producer, repair.forgotten_above)

    def _admit_as_live(self, record: StoredRecord) -> Admitted | Refused:
        """What was skipped stays skipped, even if this release could read it: its replay counts, or will."""
        if dead_letter_id(record.partition, record.offset) in self._skipped:
            return refuse(record, "skipped before")
        return self._admit(record)

    async def _check_refused(self, refused: Sequence[Refused]) -> None:
        for item in refused:
            skipped_id = dead_letter_id(item.record.partition, item.record.offset)
            if skipped_id not in self._skipped:
                raise RebuildRefused(f"{skipped_id} was applied once, and this release refuses it: {item.reason}")

    @asynccontextmanager
    async def _only_one(self) -> AsyncIterator[None]:
        async with self._live() as session, session.begin():
            locked = await session.execute(text("SELECT pg_try_advisory_xact_lock(:lock)"), {"lock": REBUILD_LOCK})
            if not locked.scalar_one():
                raise RebuildRefused("another rebuild is running")
            yield


async def _forgetting_repairs(session: AsyncSession) -> Sequence[FeatureRepair]:
    repairs = await session.scalars(select(FeatureRepair).where(FeatureRepair.forgotten_above.is_not(None)))
    return repairs.all()


def _parts(piece: Slice, end: int, cuts: Collection[int]) -> Iterator[Slice]:
    """The part of a slice before `end`, which lies behind its start, cut where a repair was made."""
    start, records = piece.start, list[StoredRecord]()
    for record in piece.records:
        if record.offset >= end:
            break
        if records and any(records[-1].offset < cut <= record.offset for cut in cuts):
            yield Slice(piece.partition, start, records)
            start, records = records[-1].offset + 1, []
        records.append(record)
    yield Slice(piece.partition, start, records)
