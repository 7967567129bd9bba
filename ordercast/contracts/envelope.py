"""CloudEvents 1.0 in Kafka's binary mode: attributes as headers, the body as JSON.

Source: CloudEvents specification 1.0 and its Kafka protocol binding. Two extension attributes carry the number that makes
each event count once: `producer` names a stream, `sequence` is the event's number in it, `numbering` tells how it grows. How it
grows goes by the stream's name; a record that says otherwise is refused.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final, Literal, TypeAlias
from uuid import UUID

import msgspec

from ordercast.contracts.events import EVENT_TYPES, TYPE_NAMES, Event
from ordercast.first_line import first_line

Headers: TypeAlias = Sequence[tuple[str, bytes]]
Numbering: TypeAlias = Literal["dense", "rising"]

SPEC_VERSION: Final = b"1.0"
CONTENT_TYPE: Final = b"application/json"
# Of a number in a stream: a bigint has 19.
MAX_DIGITS: Final = 19
# Streams whose numbers may leave holes: lines of keyed batches (`key:` in releases long ago), replays of dead letters,
# predictions, which are a sample, and states, of which Kafka keeps the last of each key.
RISING_STREAMS: Final = ("batch:", "key:", "replay:", "predictions:", "states:")

_encoder: Final = msgspec.json.Encoder()


class EventRefused(Exception):
    """A record that is no event of ours. Permanent: it reads the same at every try."""


class UnknownEventType(EventRefused):
    """A type or version that this release does not know."""


class MalformedEvent(EventRefused):
    """A missing or broken attribute, or a body that does not match its type."""


@dataclass(frozen=True, slots=True)
class SequenceNumber:
    """An event's place in a producer's stream within one partition.

    `dense` numbers go up by one, so a gap means loss; `rising` numbers only go up.
    """

    producer: str
    number: int
    numbering: Numbering = "dense"


@dataclass(frozen=True, slots=True)
class Envelope:
    """An event with its CloudEvents attributes. `time` is the event time (UTC)."""

    id: UUID
    source: str
    time: datetime
    event: Event
    sequence: SequenceNumber | None = None
    traceparent: str | None = None

    @property
    def type(self) -> str:
        return TYPE_NAMES[type(self.event)]


def encode_body(event: Event) -> bytes:
    return _encoder.encode(event)


def encode_headers(
    *,
    event_type: str,
    event_id: UUID,
    source: str,
    time: datetime,
    sequence: SequenceNumber | None = None,
    traceparent: str | None = None,
) -> list[tuple[str, bytes]]:
    headers = [
        ("ce_specversion", SPEC_VERSION),
        ("ce_id", str(event_id).encode()),
        ("ce_source", source.encode()),
        ("ce_type", event_type.encode()),
        ("ce_time", time.astimezone(UTC).isoformat().encode()),
        ("content-type", CONTENT_TYPE),
    ]
    if sequence is not None:
        headers += sequence_headers(sequence)
    if traceparent is not None:
        headers.append(("ce_traceparent", traceparent.encode()))
    return headers


def sequence_headers(sequence: SequenceNumber) -> list[tuple[str, bytes]]:
    return [
        ("ce_producer", sequence.producer.encode()),
        ("ce_sequence", str(sequence.number).encode()),
        ("ce_numbering", sequence.numbering.encode()),
    ]


def encode(envelope: Envelope) -> tuple[list[tuple[str, bytes]], bytes]:
    """The headers and body of a record."""
    headers = encode_headers(
        event_type=envelope.type,
        event_id=envelope.id,
        source=envelope.source,
        time=envelope.time,
        sequence=envelope.sequence,
        traceparent=envelope.traceparent,
    )
    return headers, encode_body(envelope.event)


def decode(headers: Headers, body: bytes | None) -> Envelope:
    """The event of a record.

    Raises:
        UnknownEventType: the type or version is not in `EVENT_TYPES`.
        MalformedEvent: anything else is missing or broken.
    """
    attributes = _attributes(headers)
    event_type = _required(attributes, "ce_type")
    if _required(attributes, "ce_specversion") != "1.0":
        raise MalformedEvent(f"ce_specversion is {attributes['ce_specversion']!r}, not 1.0")
    if event_type not in EVENT_TYPES:
        raise UnknownEventType(f"unknown event type {event_type!r}")
    if body is None:
        raise MalformedEvent("the record has no body")
    try:
        event = _decoder(event_type).decode(body)
        return Envelope(
            id=UUID(_required(attributes, "ce_id")),
            source=_required(attributes, "ce_source"),
            time=_time(_required(attributes, "ce_time")),
            event=event,
            sequence=_sequence(attributes),
            traceparent=attributes.get("ce_traceparent"),
        )
    except EventRefused:
        raise
    except (ValueError, RecursionError, msgspec.MsgspecError) as error:
        raise MalformedEvent(f"{event_type}: {first_line(error)}") from error


def decode_sequence(headers: Headers) -> SequenceNumber | None:
    """The event's number from the headers alone: it counts as taken even when the rest cannot be read.

    Raises:
        MalformedEvent: a part of it is missing or broken.
    """
    return _sequence(_attributes(headers))


def decode_traceparent(headers: Headers) -> str | None:
    """The trace of a record that may be no event of ours."""
    return next((value.decode(errors="replace") for name, value in headers if name == "ce_traceparent" and value), None)


@cache
def _decoder(event_type: str) -> "msgspec.json.Decoder[Any]":
    return msgspec.json.Decoder(EVENT_TYPES[event_type])


def _attributes(headers: Headers) -> dict[str, str]:
    """The CloudEvents attributes among the headers. Kafka allows a header without a value: it counts as missing."""
    try:
        # In one go: a worker reads tens of thousands of events a second.
        attributes = [(name, value.decode()) for name, value in headers if name.startswith("ce_") and value is not None]
    except UnicodeDecodeError as error:
        raise MalformedEvent(f"a header is not UTF-8: {error}") from None
    by_name = dict(attributes)
    if len(by_name) != len(attributes):
        raise MalformedEvent("a header comes more than once")
    return by_name


def _required(attributes: Mapping[str, str], name: str) -> str:
    try:
        return attributes[name]
    except KeyError:
        raise MalformedEvent(f"the header {name} is missing") from None


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise MalformedEvent("ce_time has no time zone")
    return time


def _sequence(attributes: Mapping[str, str]) -> SequenceNumber | None:
    producer = attributes.get("ce_producer")
    if producer is None:
        return None
    numbering = numbering_of(producer)
    if (said := _required(attributes, "ce_numbering")) != numbering:
        raise MalformedEvent(f"ce_numbering is {said!r}, and the stream {producer!r} is {numbering}")
    digits = _required(attributes, "ce_sequence")
    # int() takes signs, spaces, underscores and the digits of every script as well.
    if not (digits.isascii() and digits.isdigit()) or len(digits) > MAX_DIGITS:
        raise MalformedEvent(f"ce_sequence is {digits[:50]!r}, not a whole number")
    return SequenceNumber(producer, int(digits), numbering)


def numbering_of(producer: str) -> Numbering:
    """How the numbers of a stream grow."""
    return "rising" if producer.startswith(RISING_STREAMS) else "dense"
