"""Drives a feature table through a history, with everything that can happen to the worker at the end of a batch."""

from collections.abc import Callable
from typing import Final, Literal

from hypothesis import strategies as st

from ordercast.services.feature_worker.errors import PositionMoved
from ordercast.services.shared.kafka.memory import MemoryConsumer, MemoryLog
from ordercast.services.shared.kafka.ports import Consumer, Publisher
from ordercast.services.shared.kafka.publish_dead_letters import replay
from tests.support.feature_tables import FeatureTable
from tests.support.histories import History

# What becomes of a batch: committed; rolled back; committed, but the answer is lost; applied by another worker first.
Fate = Literal["committed", "rolled back", "answer lost", "moved"]
FATES: Final[st.SearchStrategy[Fate]] = st.sampled_from(
    ["committed", "committed", "rolled back", "answer lost", "moved"]
)

# Records of a batch: a few at a time, so that many end in the middle of something, or all that there are.
BATCHES: Final = st.sampled_from([1, 2, 3, 5, 100])


async def publish_history(publisher: Publisher, history: History) -> None:
    for place, records in history.logs.items():
        await publisher.publish(place.topic, place.number, records)


async def replay_strangers(publisher: Publisher, table: FeatureTable, *, times: int) -> None:
    """Replays the dead letters of the strangers' facts, as an operator does who finds them good."""
    for dead_letter in list(table.dead_letters.by_id.values()):
        if dead_letter.reason.startswith("MissingSequence"):
            for _ in range(times):
                await replay(publisher, [dead_letter])


async def drive(
    table: FeatureTable,
    consumer: Consumer,
    *,
    fate: Callable[[], Fate],
    batch: Callable[[], int],
    patience_s: float = 0.0,
) -> None:
    """Polls and records until nothing comes for `patience_s`. After each fate but the first the consumer is placed anew."""
    idle = 0
    while idle < 2:  # the first empty poll after a new placing may still bring something
        slices = await consumer.poll(max_records=batch(), timeout_s=patience_s)
        if not slices:
            idle += 1
            consumer.reposition()
            continue
        idle = 0
        chosen = fate()
        if chosen == "rolled back":
            consumer.reposition()
            continue
        await table.record(slices)
        if chosen == "moved":
            try:
                await table.record(slices)
            except PositionMoved:
                consumer.reposition()
            else:
                raise AssertionError("a batch was recorded twice")
        elif chosen == "answer lost":
            consumer.reposition()


def memory_consumer(log: MemoryLog, table: FeatureTable, history: History) -> MemoryConsumer:
    return MemoryConsumer(log, list(history.logs), table.place)
