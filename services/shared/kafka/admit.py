"""Decides whether a record is an event that the feature worker may apply. Pure: what it refuses, it refuses at every try.

Shared, so that whoever repairs a dead letter can be told what the worker will say of it.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ordercast.contracts.envelope import (
    Envelope,
    EventRefused,
    MalformedEvent,
    SequenceNumber,
    UnknownEventType,
    decode,
    decode_sequence,
    decode_traceparent,
)
from ordercast.contracts.events import (
    OrderCancelled,
    OrderConfirmed,
    OrderItem,
    OrderPlaced,
    OrderUnpublishable,
    PredictionMade,
    ProductCarted,
    ProductViewed,
)
from ordercast.contracts.limits import EARLIEST, MAX_BIGINT, MAX_BODY_BYTES, MAX_PRICE, MAX_QUANTITY, MAX_VIEWS
from ordercast.contracts.model_manifest import VERSION_PATTERN
from ordercast.contracts.topics import ORDERS, PREDICTIONS, VIEWS, partition_of
from ordercast.services.shared.kafka.dead_letters import dead_letter_id, is_replay, replayed_dead_letter
from ordercast.services.shared.kafka.records import StoredRecord

# Characters of a producer's name. Ours are far shorter: "outbox", a UUID, "batch:<UUID>", "replay:<dead letter's id>".
MAX_PRODUCER_LENGTH: Final = 300
# Event times from then on are no shop's, and days after them do not fit a date.
LATEST: Final = datetime(9000, 1, 1, tzinfo=UTC)

# Of a prediction; the longest that is made has 56 days.
MOST_HORIZON_DAYS: Final = 366

# The stream of the orders' events, one in each partition.
OUTBOX: Final = "outbox"

_BELONGS: Final = {
    ORDERS.name: (OrderPlaced, OrderConfirmed, OrderCancelled, OrderUnpublishable),
    VIEWS.name: (ProductViewed, ProductCarted),
    PREDICTIONS.name: (PredictionMade,),
}


class OversizedEvent(EventRefused):
    """A body larger than any event of ours."""


class MissingSequence(EventRefused):
    """An event without a number: nothing could tell its repeat from itself."""


class MisplacedEvent(EventRefused):
    """An event in a topic or partition where its account's worker would not look for it."""


class TooManyGaps(EventRefused):
    """A number that would leave one more gap in a stream that has too many (`seen.py`)."""


# Every way to be refused.
REFUSALS: Final = (MalformedEvent, UnknownEventType, OversizedEvent, MissingSequence, MisplacedEvent, TooManyGaps)


@dataclass(frozen=True, slots=True)
class Admitted:
    """An event and the record that it came in."""

    record: StoredRecord
    envelope: Envelope
    sequence: SequenceNumber

    @property
    def traceparent(self) -> str | None:
        return self.envelope.traceparent


@dataclass(frozen=True, slots=True)
class Refused:
    """A record that is no event of ours. Its number counts as seen, if the headers still tell it.

    `refusal` is the class of the error, `reason` its text.
    """

    record: StoredRecord
    reason: str
    sequence: SequenceNumber | None
    refusal: type[EventRefused] = EventRefused

    @property
    def traceparent(self) -> str | None:
        return decode_traceparent(self.record.headers)


def admit(record: StoredRecord, partitions: int) -> Admitted | Refused:
    """The event of a record of `orders`, `views` or `predictions`, each of which has `partitions` partitions."""
    try:
        if record.value is not None and len(record.value) > MAX_BODY_BYTES:
            raise OversizedEvent(f"the body has {len(record.value)} bytes, more than {MAX_BODY_BYTES}")
        envelope = decode(record.headers, record.value)
        if envelope.sequence is None:
            raise MissingSequence("the event has no ce_producer and ce_sequence")
        _check_sequence(envelope.sequence, record)
        _check_event(envelope, record, partitions)
    except EventRefused as refusal:
        return refuse(record, f"{type(refusal).__name__}: {refusal}", type(refusal))
    return Admitted(record, envelope, envelope.sequence)


def refuse(record: StoredRecord, reason: str, refusal: type[EventRefused] = EventRefused) -> Refused:
    try:
        sequence = decode_sequence(record.headers)
        if sequence is not None:
            _check_sequence(sequence, record)
    except EventRefused:
        sequence = None
    return Refused(record, reason, sequence, refusal)


def _check_sequence(sequence: SequenceNumber, record: StoredRecord) -> None:
    producer, number = sequence.producer, sequence.number
    if not 1 <= number <= MAX_BIGINT:
        raise MalformedEvent(f"ce_sequence is {number}")
    if not 1 <= len(producer) <= MAX_PRODUCER_LENGTH or "\0" in producer:
        raise MalformedEvent("ce_producer is empty, too long or holds a NUL")
    if is_replay(producer):
        # Another number would decide what becomes of the dead letter (`dead_letter_states.py`).
        if number != 1 or not replayed_dead_letter(producer).startswith(dead_letter_id(record.partition, "")):
            raise MisplacedEvent(f"number {number} of {producer} is no replay of a record of this partition")
    elif record.partition.topic == ORDERS.name and producer != OUTBOX:
        raise MisplacedEvent(f"the stream {producer} does not belong in {ORDERS.name}")


def _check_event(envelope: Envelope, record: StoredRecord, partitions: int) -> None:
    event = envelope.event
    topic, number = record.partition
    if not isinstance(event, _BELONGS.get(topic, ())):
        raise MisplacedEvent(f"{envelope.type} does not belong in {topic}")
    if not 1 <= event.account_id <= MAX_BIGINT:
        raise MalformedEvent(f"account_id is {event.account_id}")
    if partition_of(event.account_id, partitions) != number:
        raise MisplacedEvent(f"account {event.account_id} does not belong in partition {number} of {partitions}")
    if not EARLIEST <= envelope.time < LATEST:
        raise MalformedEvent(f"ce_time is {envelope.time}")
    if isinstance(event, ProductViewed | ProductCarted):
        if not 1 <= event.product_id <= MAX_BIGINT or not 1 <= event.count <= MAX_VIEWS:
            raise MalformedEvent(f"product_id is {event.product_id}, count is {event.count}")
    elif isinstance(event, PredictionMade):
        _check_prediction(event)
    elif isinstance(event, OrderPlaced | OrderCancelled):
        for item in event.items:
            _check_item(item)
        if isinstance(event, OrderCancelled) and event.placed_at is not None:
            _check_placed_at(event.placed_at)


def _check_prediction(said: PredictionMade) -> None:
    fits = (
        1 <= said.product_id <= MAX_BIGINT
        and re.fullmatch(VERSION_PATTERN, said.model_version)
        and EARLIEST.date() <= said.starts_on < LATEST.date()
        and 1 <= said.horizon_days <= MOST_HORIZON_DAYS
        and 0 <= said.order_probability <= 1
        and 0 <= said.expected_quantity <= MAX_BIGINT
        and 0 <= said.naive_quantity <= MAX_BIGINT
        and 0 <= said.low <= said.high <= MAX_BIGINT
        and 0 < said.level < 1
    )
    if not fits:
        raise MalformedEvent(f"no prediction that Ordercast makes: {said}")


def _check_placed_at(time: datetime) -> None:
    if time.tzinfo is None or not EARLIEST <= time < LATEST:
        raise MalformedEvent(f"placed_at is {time}")


def _check_item(item: OrderItem) -> None:
    if not 1 <= item.product_id <= MAX_BIGINT or not 1 <= item.quantity <= MAX_QUANTITY:
        raise MalformedEvent(f"line {item.line}: product_id is {item.product_id}, quantity is {item.quantity}")
    if not item.unit_price.is_finite() or not 0 <= item.unit_price <= MAX_PRICE:
        raise MalformedEvent(f"line {item.line}: unit_price is {item.unit_price}")
