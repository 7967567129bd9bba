"""Events for those who have no Kafka client: from a position on, as they come, in the order of each partition."""

import asyncio
import heapq
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import msgspec

from ordercast.contracts.envelope import Envelope, EventRefused, Headers, decode
from ordercast.contracts.events import EVENT_TYPES
from ordercast.services.order_api.errors import EventsGone
from ordercast.services.order_api.feed.bound_streams import BoundStreams
from ordercast.services.order_api.feed.event_types import parse_types, short_name, topics_of
from ordercast.services.order_api.feed.positions import Place, parse_positions
from ordercast.services.shared.kafka.errors import PositionOutsideLog
from ordercast.services.shared.kafka.ports import Consumer, ReadPositions, Slice
from ordercast.services.shared.kafka.records import Partition, StoredRecord

# Of one look: some 300 kB are ready for a reader. What was fetched beside them is bounded by FEED_FETCH_BYTES of each broker.
LOOK_RECORDS: Final = 500
# After so many records of a look the other requests of the process have their turn: some 5 ms.
TURN_RECORDS: Final = 50
# A look that finds nothing waits so long (s): as soon a stream hears of a stop or of its caller's end.
LOOK_S: Final = 0.5

# What would end the line of an SSE event, or ends a line to some reader of it. CR and LF are white space of JSON; the others stand
# in its texts alone.
_LINE_ENDS: Final = str.maketrans({"\r": " ", "\n": " ", "\x85": r"\u0085", "\u2028": r"\u2028", "\u2029": r"\u2029"})

OpenReader = Callable[[Collection[Partition], ReadPositions], AbstractAsyncContextManager[Consumer]]
# The next offsets of topics, or those of the first records that were accepted at a time or after it.
FindOffsets = Callable[[Collection[str], datetime | None], Awaitable[Mapping[Partition, int]]]


@dataclass(frozen=True, slots=True)
class FedEvent:
    """An event, and the position after it. `body` is a CloudEvent in JSON, in one line."""

    type: str
    id: str
    body: bytes


@dataclass(frozen=True, slots=True)
class Fed:
    """What a look brought: maybe nothing. `id` is the position after it."""

    events: Sequence[FedEvent]
    id: str


class FollowEvents:
    """Opens streams of events. The `partitions` are those of the topics that have no number of their own."""

    def __init__(
        self, open_reader: OpenReader, find_offsets: FindOffsets, streams: BoundStreams, *, partitions: int
    ) -> None:
        self._open_reader = open_reader
        self._find_offsets = find_offsets
        self._streams = streams
        self._partitions = partitions

    @asynccontextmanager
    async def opened(
        self, account_id: int, *, types: str | None, last_id: str | None, since: datetime | None
    ) -> AsyncIterator["EventFeed"]:
        """A stream that goes on after `last_id`; without one with what was accepted at `since` or later, or comes from now on.

        Raises:
            UnknownEventTypes, InvalidEventId: as they say.
            EventsGone: Kafka no longer has the events after `last_id`.
            TooManyStreams: of this account, or of all.
            BrokerUnavailable: Kafka does not answer.
        """
        wanted = parse_types(types)
        counts = {topic.name: topic.partitions or self._partitions for topic in topics_of(wanted)}
        given = parse_positions(last_id, counts) if last_id else None
        with self._streams.opened(account_id):
            start = given if given is not None else dict(await self._find_offsets(list(counts), since))

            async def read_positions(partitions: Collection[Partition]) -> Mapping[Partition, int]:
                return {partition: feed.place.positions[partition] for partition in partitions}

            async with self._open_reader(list(start), read_positions) as reader:
                feed = EventFeed(reader, wanted, Place(start))
                await feed.look(0)  # before the answer begins: then it is too late for an error
                yield feed


class EventFeed:
    """One stream. Not for several tasks at once."""

    def __init__(self, reader: Consumer, types: frozenset[str], start: Place) -> None:
        self._reader = reader
        self._types = {name.encode() for name in EVENT_TYPES if short_name(name) in types}
        self.place = start
        self._first: Fed | None = None

    async def look(self, timeout_s: float) -> None:
        """Reads what is told first."""
        self._first = await self._next(timeout_s)

    async def told(self, stopping: asyncio.Event, may_read: Callable[[], Awaitable[bool]]) -> AsyncIterator[Fed]:
        """What each look brings, until `stopping` is set or the caller no longer may read."""
        while not stopping.is_set() and await may_read():
            fed, self._first = self._first or await self._next(LOOK_S), None
            yield fed

    async def _next(self, timeout_s: float) -> Fed:
        try:
            slices = await self._reader.poll(max_records=LOOK_RECORDS, timeout_s=timeout_s)
        except PositionOutsideLog as error:
            raise EventsGone(f"Kafka does not have the events after Last-Event-ID: {error}") from error
        return Fed(await self._events(slices), self.place.id)

    async def _events(self, slices: Sequence[Slice]) -> list[FedEvent]:
        """By the time of acceptance as far as it goes: each partition keeps its order."""
        events = []
        records = heapq.merge(*(piece.records for piece in slices), key=lambda record: record.timestamp_ms)
        for count, record in enumerate(records, start=1):
            if count % TURN_RECORDS == 0:
                await asyncio.sleep(0)
            self.place.move(record.partition, record.offset + 1)
            event = self._event(record)
            if event is not None:
                events.append(event)
        return events

    def _event(self, record: StoredRecord) -> FedEvent | None:
        """None where it is of another type, or no event of ours: whoever may write to a topic could have put it there."""
        if _type_of(record.headers) not in self._types:  # before the body is looked at: most may be of others
            return None
        try:
            envelope = decode(record.headers, record.value)
            # Fields that this release does not know were passed over unread, and a reader may fail at them.
            msgspec.json.decode(record.value or b"null")
            body = cloud_event(envelope, record)
        except (EventRefused, msgspec.MsgspecError, UnicodeDecodeError):
            return None
        return FedEvent(short_name(envelope.type), self.place.id, body)


def _type_of(headers: Headers) -> bytes | None:
    return next((value for name, value in headers if name == "ce_type"), None)


def cloud_event(envelope: Envelope, record: StoredRecord) -> bytes:
    """CloudEvents 1.0 in its JSON format. The body is the record's own, with the fields that this release does not know.

    `partitionkey`, `producer`, `sequence`, `numbering` and `traceparent` are extensions; a number with 19 digits is no number to
    every reader of JSON, so it is a text.

    Raises:
        UnicodeDecodeError: the body is not UTF-8.
    """
    attributes = {
        "specversion": "1.0",
        "id": str(envelope.id),
        "source": envelope.source,
        "type": envelope.type,
        "time": envelope.time.isoformat(),
        "datacontenttype": "application/json",
        "partitionkey": (record.key or b"").decode(errors="replace"),
    }
    if envelope.sequence is not None:
        attributes |= {
            "producer": envelope.sequence.producer,
            "sequence": str(envelope.sequence.number),
            "numbering": envelope.sequence.numbering,
        }
    if envelope.traceparent is not None:
        attributes["traceparent"] = envelope.traceparent
    body = (record.value or b"null").decode().translate(_LINE_ENDS)
    return f'{json.dumps(attributes)[:-1]}, "data": {body}}}'.encode()
