"""Records that a consumer refused: kept in the topic `dead-letters` with the reason, and sent again after a repair.

A refused record takes its producer's number, so it can never come again under that number. A replay therefore carries a
stream of its own, named after the dead letter, with the single number 1: however often a letter is written or replayed,
it counts once. The consumer opens that stream (a mark of 0) in the transaction that skips the record; without such a mark
the record was applied after all, and its replay is dropped.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal, TypeAlias

from sqlalchemy import select

from ordercast.contracts.topics import DEAD_LETTERS
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.features import FeatureProducerMark
from ordercast.services.shared.kafka.errors import KafkaError
from ordercast.services.shared.kafka.open_consumer import read_topic
from ordercast.services.shared.kafka.ports import Publisher
from ordercast.services.shared.kafka.records import Partition, Record, StoredRecord

# Bytes of a body, and of all headers together, that a letter keeps: with both it stays below what a broker takes (1 MiB).
KEPT_BODY_BYTES: Final = 512 * 1024
KEPT_HEADER_BYTES: Final = 64 * 1024
# Characters of a reason: it may quote what it refuses.
REASON_LENGTH: Final = 500

_REPLAY: Final = "replay:"
_NUMBER_HEADERS: Final = frozenset({"ce_producer", "ce_sequence", "ce_numbering"})
# The original headers stand under this prefix, so that nobody takes a letter for the event itself.
_ORIGINAL: Final = "original_"

State: TypeAlias = Literal["waiting", "replayed", "applied"]


class NotReplayable(KafkaError):
    """Permanent: the letter does not hold the whole record; the original lies in its topic still."""


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A refused record: where it lies, why it was refused, and the record itself, cut if it was too large."""

    origin: Partition
    offset: int
    reason: str
    record: Record
    is_cut: bool = False

    @property
    def id(self) -> str:
        return letter_id(self.origin, self.offset)


def letter_id(origin: Partition, offset: int) -> str:
    """The same for every try at the same record."""
    return f"{origin.topic}:{origin.number}:{offset}"


def replay_producer(letter: str) -> str:
    """The producer's name that the replay of a letter carries."""
    return f"{_REPLAY}{letter}"


def replayed_letter(producer: str) -> str:
    """The id of the letter that a replay's producer names."""
    return producer.removeprefix(_REPLAY)


def is_replay(producer: str) -> bool:
    return producer.startswith(_REPLAY)


def dead_letter(record: StoredRecord, reason: str) -> DeadLetter:
    """The letter of a refused record, cut to a size that its topic takes."""
    body = record.value
    headers: list[tuple[str, bytes]] = []
    room = KEPT_HEADER_BYTES - len(record.key or b"")
    for name, value in record.headers:
        room -= len(name) + len(value or b"")
        if room >= 0:
            headers.append((name, value))
    is_cut = room < 0 or len(body or b"") > KEPT_BODY_BYTES
    kept = Record(
        key=(record.key or b"")[:KEPT_HEADER_BYTES],
        value=body if body is None else body[:KEPT_BODY_BYTES],
        headers=headers,
        timestamp_ms=record.timestamp_ms,
    )
    return DeadLetter(record.partition, record.offset, reason[:REASON_LENGTH], kept, is_cut)


async def publish_letters(publisher: Publisher, letters: Sequence[DeadLetter]) -> None:
    """Returns when all replicas have the letters. A second try writes them again, under the same ids.

    Raises:
        BrokerUnavailable: some of them may have been written.
    """
    await publisher.publish(DEAD_LETTERS.name, 0, [_to_record(letter) for letter in letters])


async def read_letters(bootstrap: str) -> list[DeadLetter]:
    """All letters, each once, in the order in which they were first written.

    Raises:
        BrokerUnavailable: no broker answers at `bootstrap`, or the topic is missing.
    """
    letters: dict[str, DeadLetter] = {}
    async for stored in read_topic(bootstrap, DEAD_LETTERS.name):
        letter = _from_record(stored)
        if letter is not None:
            letters.setdefault(letter.id, letter)
    return list(letters.values())


async def letter_states(sessions: Sessions, letters: Collection[DeadLetter]) -> dict[str, State]:
    """What became of each letter's event, by letter id.

    waiting: skipped, a replay will count it. replayed: a replay has counted it, or was refused again under another id.
    applied: it was counted without a replay, because the transaction that skipped it never committed.
    """
    async with sessions() as session:
        marks = select(FeatureProducerMark.producer, FeatureProducerMark.last_number).where(
            FeatureProducerMark.producer.startswith(_REPLAY)
        )
        rows = await session.execute(marks)
        numbers = {row.producer: row.last_number for row in rows}
    return {letter.id: _state(numbers.get(replay_producer(letter.id))) for letter in letters}


async def replay(publisher: Publisher, letters: Collection[DeadLetter]) -> None:
    """Sends the records again to where they came from; however often, each counts at most once.

    Raises:
        NotReplayable: a letter does not hold the whole record; nothing was sent.
        BrokerUnavailable: the letter at hand may have been sent.
    """
    for letter in letters:
        if letter.is_cut:
            raise NotReplayable(f"{letter.id} was too large to be kept whole in the topic of dead letters")
    for letter in letters:
        headers = [(name, value) for name, value in letter.record.headers if name not in _NUMBER_HEADERS]
        headers += [
            ("ce_producer", replay_producer(letter.id).encode()),
            ("ce_sequence", b"1"),
            ("ce_numbering", b"rising"),
        ]
        await publisher.publish(letter.origin.topic, letter.origin.number, [replace(letter.record, headers=headers)])


def _state(mark: int | None) -> State:
    if mark is None:
        return "applied"
    return "replayed" if mark > 0 else "waiting"


def _to_record(letter: DeadLetter) -> Record:
    headers = [
        ("reason", letter.reason.encode()),
        ("topic", letter.origin.topic.encode()),
        ("partition", str(letter.origin.number).encode()),
        ("offset", str(letter.offset).encode()),
        ("key", letter.record.key),
        ("is_cut", b"1" if letter.is_cut else b"0"),
    ]
    headers += [(_ORIGINAL + name, value) for name, value in letter.record.headers]
    return replace(letter.record, key=letter.id.encode(), headers=headers)


def _from_record(stored: StoredRecord) -> DeadLetter | None:
    """The letter in a record, or None for what somebody else wrote into the topic."""
    headers = dict(stored.headers)
    try:
        return DeadLetter(
            origin=Partition(headers["topic"].decode(), int(headers["partition"])),
            offset=int(headers["offset"]),
            reason=headers["reason"].decode(),
            record=Record(
                key=headers["key"],
                value=stored.value,
                headers=[
                    (name.removeprefix(_ORIGINAL), value)
                    for name, value in stored.headers
                    if name.startswith(_ORIGINAL)
                ],
                timestamp_ms=stored.timestamp_ms,
            ),
            is_cut=headers["is_cut"] == b"1",
        )
    except (KeyError, ValueError, AttributeError):
        return None
