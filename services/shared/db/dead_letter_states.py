"""What became of the events in dead letters, by the last sequences of their replays' streams."""

from collections.abc import Collection
from typing import Final, Literal, Protocol, TypeAlias

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import FeatureLastSequence
from ordercast.services.shared.kafka.dead_letters import REPLAY_PREFIX, replay_producer

State: TypeAlias = Literal["waiting", "replayed", "discarded", "applied"]

# A replay has the number 1: where the stream stands at 2, it comes too late.
DISCARDED: Final = 2
_STATES: Final[dict[int | None, State]] = {None: "applied", 0: "waiting", 1: "replayed"}


class Identified(Protocol):
    """A dead letter, or what tells of one."""

    @property
    def id(self) -> str: ...


async def dead_letter_states(sessions: Sessions, dead_letters: Collection[Identified]) -> dict[str, State]:
    """What became of each dead letter's event, by the dead letter's id.

    waiting: skipped, a replay will count it. replayed: a replay has counted it, or was refused again under another id.
    discarded: skipped, and no replay counts it any more. applied: it was counted without a replay, because the transaction that
    skipped it never committed.
    """
    async with sessions() as session:
        streams = select(FeatureLastSequence.producer, FeatureLastSequence.last_sequence).where(
            FeatureLastSequence.producer.startswith(REPLAY_PREFIX)
        )
        rows = await session.execute(streams)
        last_sequences = {row.producer: row.last_sequence for row in rows}
    return {
        # Above 2: a stranger's doing, in a release before it was refused.
        dead_letter.id: _STATES.get(last_sequences.get(replay_producer(dead_letter.id)), "discarded")
        for dead_letter in dead_letters
    }


async def discard_dead_letters(session: AsyncSession, ids: Collection[str]) -> set[str]:
    """Decides that these events never count, with the caller's transaction. The ids of those that waited; a replay may have come
    first."""
    producers = {replay_producer(id_): id_ for id_ in ids}
    statement = (
        update(FeatureLastSequence)
        .where(FeatureLastSequence.producer.in_(producers), FeatureLastSequence.last_sequence == 0)
        .values(last_sequence=DISCARDED)
        .returning(FeatureLastSequence.producer)
    )
    return {producers[producer] for producer in await session.scalars(statement)}
