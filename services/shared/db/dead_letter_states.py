"""What became of the events in dead letters, by the last sequences of their replays' streams."""

from collections.abc import Collection
from typing import Literal, TypeAlias

from sqlalchemy import select

from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import FeatureLastSequence
from ordercast.services.shared.kafka.dead_letters import REPLAY_PREFIX, DeadLetter, replay_producer

State: TypeAlias = Literal["waiting", "replayed", "applied"]


async def dead_letter_states(sessions: Sessions, dead_letters: Collection[DeadLetter]) -> dict[str, State]:
    """What became of each dead letter's event, by the dead letter's id.

    waiting: skipped, a replay will count it. replayed: a replay has counted it, or was refused again under another id.
    applied: it was counted without a replay, because the transaction that skipped it never committed.
    """
    async with sessions() as session:
        streams = select(FeatureLastSequence.producer, FeatureLastSequence.last_sequence).where(
            FeatureLastSequence.producer.startswith(REPLAY_PREFIX)
        )
        rows = await session.execute(streams)
        last_sequences = {row.producer: row.last_sequence for row in rows}
    return {dead_letter.id: _state(last_sequences.get(replay_producer(dead_letter.id))) for dead_letter in dead_letters}


def _state(last_sequence: int | None) -> State:
    if last_sequence is None:
        return "applied"
    return "replayed" if last_sequence > 0 else "waiting"
