"""Repairs streams whose numbers do not add up, and keeps a record of who did it.

What nobody has given is forgotten, so that it makes no repeat of the event that gets the number. What is missing is no longer told;
it still counts if it comes after all. Neither changes a row: `ordercast verify` says what was lost.
"""

from collections.abc import AsyncIterator
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from sqlalchemy import insert, select, text
from sqlalchemy.ext.asyncio import AsyncSession
from uuid_utils.compat import uuid7

from ordercast.services.feature_worker.dedupe import Stream
from ordercast.services.feature_worker.errors import NothingToRepair
from ordercast.services.feature_worker.positions import read_seen, write_seen
from ordercast.services.feature_worker.watch_numbers import Amiss, read_amiss
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import FeatureRepair
from ordercast.services.shared.kafka.records import Partition

# Every worker's transaction begins with these rows, in this order: none moves a stream meanwhile.
_HOLD: Final = text("SELECT topic, partition, next_offset FROM feature_positions ORDER BY partition, topic FOR UPDATE")


@dataclass(frozen=True, slots=True)
class Repair:
    """What a repair does to a stream. `problem` is what it is for.

    missing_up_to: gaps below this number are told no more. forgotten_above: larger numbers count as not seen. Where
    `needs_rebuild` the last sequence itself is wrong, which only `features rebuild` can put right.
    """

    topic: str
    partition: int
    producer: str
    problem: str
    missing_up_to: int | None
    forgotten_above: int | None
    needs_rebuild: bool


@dataclass(frozen=True, slots=True)
class Repaired:
    """A repair that was made: by whom, why, and at which position of its partition."""

    id: UUID
    topic: str
    partition: int
    producer: str
    at_offset: int
    missing_up_to: int | None
    forgotten_above: int | None
    repaired_by: str
    reason: str
    repaired_at: datetime


@dataclass(frozen=True, slots=True)
class ResumeStreams:
    """The use case. `stream` is a producer's name; None: all streams that need it. With `dry_run` nothing is changed."""

    stream: str | None
    by: str
    reason: str
    dry_run: bool
    partition: int | None = None

    async def __call__(self, sessions: Sessions) -> AsyncIterator[Repair]:
        """The repairs, once they are committed.

        Raises:
            NothingToRepair: the numbers of this stream add up.
        """
        async with sessions() as session, session.begin():
            offsets = {Partition(topic, number): offset for topic, number, offset in await session.execute(_HOLD)}
            chosen = [amiss for amiss in await read_amiss(session) if self._is_chosen(amiss)]
            if not chosen and self.stream is not None:
                raise NothingToRepair(f"the numbers of {self.stream} add up")
            repairs = [repair_of(amiss) for amiss in chosen]
            if not self.dry_run:
                for repair in repairs:
                    await self._make(session, repair, offsets.get(Partition(repair.topic, repair.partition), 0))
        for repair in repairs:
            yield repair

    def _is_chosen(self, amiss: Amiss) -> bool:
        return self.stream in (None, amiss.producer) and self.partition in (None, amiss.partition)

    async def _make(self, session: AsyncSession, repair: Repair, at_offset: int) -> None:
        if repair.missing_up_to is None and repair.forgotten_above is None:
            return
        if repair.forgotten_above is not None:
            await forget_above(session, repair.topic, repair.partition, repair.producer, repair.forgotten_above)
        columns = {name: value for name, value in asdict(repair).items() if name not in ("problem", "needs_rebuild")}
        await session.execute(
            insert(FeatureRepair).values(
                **columns, id=uuid7(), at_offset=at_offset, repaired_by=self.by, reason=self.reason
            )
        )


def repair_of(amiss: Amiss) -> Repair:
    """What puts a stream right."""
    in_order = amiss.given if amiss.given is not None else amiss.highest
    return Repair(
        amiss.topic,
        amiss.partition,
        amiss.producer,
        problem=str(amiss),
        missing_up_to=min(amiss.highest, in_order) if amiss.has_gap else None,
        forgotten_above=amiss.given if amiss.is_above and amiss.ahead_from is not None else None,
        needs_rebuild=amiss.given is not None and amiss.last_sequence > amiss.given,
    )


async def forget_above(session: AsyncSession, topic: str, partition: int, producer: str, number: int) -> None:
    """Lets larger numbers count as not seen, but for those up to the last sequence."""
    stream = Stream(Partition(topic, partition), producer)
    before = await read_seen(session, {stream})
    if stream in before:
        await write_seen(session, {stream: before[stream].without_above(number)}, before)


async def read_repairs(sessions: Sessions) -> AsyncIterator[Repaired]:
    """The repairs that were made, the newest first."""
    async with sessions() as session:
        for repair in await session.scalars(select(FeatureRepair).order_by(FeatureRepair.id.desc())):
            yield Repaired(**{name: getattr(repair, name) for name in Repaired.__dataclass_fields__})
