"""Which events are for which subscription: pure, so that it can be tried with any events."""

import heapq
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote

import msgspec

from ordercast.contracts.envelope import Envelope, EventRefused, decode
from ordercast.services.order_api.feed.event_types import short_name
from ordercast.services.order_api.feed.follow_events import cloud_event
from ordercast.services.shared.kafka.dead_letters import is_replay
from ordercast.services.shared.kafka.ports import Slice
from ordercast.services.shared.kafka.records import Partition


@dataclass(frozen=True, slots=True)
class Subscription:
    """Events of these types (short names) that were accepted at `since` or later."""

    webhook_id: int
    event_types: frozenset[str]
    since: datetime

    def wants(self, event_type: str, accepted_ms: int) -> bool:
        return event_type in self.event_types and accepted_ms >= int(self.since.timestamp() * 1000)


class Delivery(NamedTuple):
    """An event for a subscription. `message_id` is the event's, so that a receiver can tell a repeat."""

    webhook_id: int
    message_id: str
    event_type: str
    body: bytes


def deliveries_of(slices: Sequence[Slice], subscriptions: Sequence[Subscription]) -> Iterator[Delivery]:
    """By the time of acceptance as far as it goes: each partition keeps its order. What is no event of ours is passed over."""
    for record in heapq.merge(*(piece.records for piece in slices), key=lambda record: record.timestamp_ms):
        try:
            envelope = decode(record.headers, record.value)
            msgspec.json.decode(record.value or b"null")  # with the fields that this release does not know
            body = cloud_event(envelope, record)
        except (EventRefused, msgspec.MsgspecError, UnicodeDecodeError):
            continue
        if envelope.sequence is not None and is_replay(envelope.sequence.producer):
            continue  # for the worker alone, which had refused what everybody else has got
        name = short_name(envelope.type)
        for subscription in subscriptions:
            if subscription.wants(name, record.timestamp_ms):
                yield Delivery(subscription.webhook_id, message_id(record.partition, envelope), name, body)


def message_id(partition: Partition, envelope: Envelope) -> str:
    """The event's stream and number, or its id where it has no number.

    Of printable ASCII without a full stop, which ends the id in what is signed.
    """
    if envelope.sequence is None:
        return str(envelope.id)
    stream = quote(envelope.sequence.producer, safe=":").replace(".", "%2E")
    return f"{partition.topic}:{partition.number}:{stream}:{envelope.sequence.number}"
