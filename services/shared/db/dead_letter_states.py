"""What became of the events in dead letters, by the last sequences of their replays' streams."""

from collections.abc import Collection
from typing import Literal, TypeAlias

from sqlalchemy import select

from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import FeatureLastSequence
from ordercast.services.shared.kafka.dead_letters import REPLAY_PREFIX, DeadLetter, replay_producer

State: TypeAlias = Literal["waiting", "replayed", "applied"]


async def dead_letter_states(sessions: Sessions, letters: Collection[DeadLetter]) -> dict[str, State]:
    """What became of each letter's event, by letter id.

    waiting: skipped, a replay will count it. replayed: a replay has counted it, or was refused again under another id.
    applied: it was counted without a replay, because the transaction that skipped it never committed.
    """
    async with sessions() as session:
        marks = select(FeatureLastSequence.producer, FeatureLastSequence.last_number).where(
            FeatureLastSequence.producer.startswith(REPLAY_PREFIX)
        )
        rows = await session.execute(marks)
        numbers = {row.producer: row.last_number for row in rows}
    return {letter.id: _state(numbers.get(replay_producer(letter.id))) for letter in letters}


def _state(mark: int | None) -> State:
    if mark is None:
        return "applied"
    return "replayed" if mark > 0 else "waiting"
