"""Reads the topic of dead letters."""

from ordercast.contracts.topics import DEAD_LETTERS
from ordercast.services.shared.kafka.dead_letters import DeadLetter, from_record
from ordercast.services.shared.kafka.open_consumer import read_topic


async def read_dead_letters(bootstrap: str) -> list[DeadLetter]:
    """All letters, each once, in the order in which they were first written.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`, or the topic is missing.
    """
    letters: dict[str, DeadLetter] = {}
    async for stored in read_topic(bootstrap, DEAD_LETTERS.name):
        letter = from_record(stored)
        if letter is not None:
            letters.setdefault(letter.id, letter)
    return list(letters.values())
