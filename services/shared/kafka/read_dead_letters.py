"""Reads the topic of dead letters."""

from collections.abc import AsyncGenerator
from contextlib import aclosing

from ordercast.contracts.topics import DEAD_LETTERS
from ordercast.services.shared.kafka.dead_letters import DeadLetter, from_record
from ordercast.services.shared.kafka.open_consumer import read_topic
from ordercast.services.shared.kafka.read_backwards import read_backwards
from ordercast.services.shared.kafka.records import Partition


async def read_dead_letters(bootstrap: str) -> list[DeadLetter]:
    """All dead letters, each once, in the order in which they were first written.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`, or the topic is missing.
    """
    dead_letters: dict[str, DeadLetter] = {}
    async for stored in read_topic(bootstrap, DEAD_LETTERS.name):
        dead_letter = from_record(stored)
        if dead_letter is not None:
            dead_letters.setdefault(dead_letter.id, dead_letter)
    return list(dead_letters.values())


async def newest_dead_letters(bootstrap: str, most: int, most_bytes: int) -> AsyncGenerator[DeadLetter, None]:
    """Those in the last `most` records of the topic, or in fewer that have `most_bytes` together, the newest first; one that was
    written again comes again.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`, or the topic is missing.
    """
    partition = Partition(DEAD_LETTERS.name, 0)
    async with aclosing(read_backwards(bootstrap, partition, most=most, most_bytes=most_bytes)) as records:
        async for stored in records:
            if (dead_letter := from_record(stored)) is not None:
                yield dead_letter
