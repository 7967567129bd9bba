"""Records that a consumer refused: kept in the topic `dead-letters` with the reason, and sent again after a repair.

The number of a refused record counts as seen, so it can never come again under that number. A replay therefore carries a
stream of its own, named after the dead letter, with the single number 1: however often a dead letter is written or replayed,
it counts once. The consumer opens that stream, with 0 as its last sequence, in the transaction that skips the record; where
the stream is not open, the record was applied after all, and its replay is dropped.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal

from ordercast.services.shared.kafka.records import Partition, Record, StoredRecord

# Bytes of a body, and of all headers together, that a dead letter keeps: with both it stays below a broker's limit (1 MiB).
KEPT_BODY_BYTES: Final = 512 * 1024
KEPT_HEADER_BYTES: Final = 64 * 1024
# Characters of a reason: it may quote what it refuses.
REASON_LENGTH: Final = 500

REPLAY_PREFIX: Final = "replay:"
# What a replay carries in place of the original's.
NUMBER_HEADERS: Final = frozenset({"ce_producer", "ce_sequence", "ce_numbering"})
# The original headers stand under this prefix, so that a dead letter is not mistaken for the event itself.
_ORIGINAL: Final = "original_"


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
        return dead_letter_id(self.origin, self.offset)


def dead_letter_id(origin: Partition, offset: int | Literal[""]) -> str:
    """The same for every try at the same record. Without an offset: what the ids of a partition begin with."""
    return f"{origin.topic}:{origin.number}:{offset}"


def replay_producer(dead_letter_id: str) -> str:
    """The producer's name that the replay of a dead letter carries."""
    return f"{REPLAY_PREFIX}{dead_letter_id}"


def replayed_dead_letter(producer: str) -> str:
    """The id of the dead letter that a replay's producer names."""
    return producer.removeprefix(REPLAY_PREFIX)


def is_replay(producer: str) -> bool:
    return producer.startswith(REPLAY_PREFIX)


def replay_of(dead_letter: DeadLetter) -> Record:
    """The record that a replay writes: the refused one under the number of its replay."""
    headers = [(name, value) for name, value in dead_letter.record.headers if name not in NUMBER_HEADERS]
    headers += [
        ("ce_producer", replay_producer(dead_letter.id).encode()),
        ("ce_sequence", b"1"),
        ("ce_numbering", b"rising"),
    ]
    return replace(dead_letter.record, headers=headers)


def dead_letter_of(record: StoredRecord, reason: str) -> DeadLetter:
    """The dead letter of a refused record, cut to the size that its topic allows."""
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


def to_record(dead_letter: DeadLetter) -> Record:
    headers = [
        ("reason", dead_letter.reason.encode()),
        ("topic", dead_letter.origin.topic.encode()),
        ("partition", str(dead_letter.origin.number).encode()),
        ("offset", str(dead_letter.offset).encode()),
        ("key", dead_letter.record.key or b""),
        ("is_cut", b"1" if dead_letter.is_cut else b"0"),
    ]
    headers += [(_ORIGINAL + name, value) for name, value in dead_letter.record.headers]
    return replace(dead_letter.record, key=dead_letter.id.encode(), headers=headers)


def from_record(stored: StoredRecord) -> DeadLetter | None:
    """The dead letter in a record, or None for what somebody else wrote into the topic."""
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
