"""Writes dead letters to their topic, and sends their records again after a repair."""

from collections.abc import Collection, Sequence

from ordercast.contracts.topics import DEAD_LETTERS
from ordercast.services.shared.kafka.dead_letters import DeadLetter, replay_of, to_record
from ordercast.services.shared.kafka.errors import KafkaError
from ordercast.services.shared.kafka.ports import Publisher


class NotReplayable(KafkaError):
    """Permanent: the dead letter does not hold the whole record; the original is still in its topic."""


async def publish_dead_letters(publisher: Publisher, dead_letters: Sequence[DeadLetter]) -> None:
    """Returns when all replicas have the dead letters. A second try writes them again, under the same ids.

    Raises:
        BrokerUnavailable: some of them may have been written.
        RecordRefused: the topic never takes one of them; some before it may have been written.
    """
    await publisher.publish(DEAD_LETTERS.name, 0, [to_record(dead_letter) for dead_letter in dead_letters])


async def replay(publisher: Publisher, dead_letters: Collection[DeadLetter]) -> None:
    """Sends the records again to where they came from; however often, each counts at most once.

    Raises:
        NotReplayable: a dead letter does not hold the whole record; nothing was sent.
        BrokerUnavailable: the one at hand may have been sent.
        RecordRefused: its topic never takes the one at hand; those before it were sent.
    """
    for dead_letter in dead_letters:
        if dead_letter.is_cut:
            raise NotReplayable(f"{dead_letter.id} was too large to be kept whole in the topic of dead letters")
    for dead_letter in dead_letters:
        await publisher.publish(*dead_letter.origin, [replay_of(dead_letter)])
