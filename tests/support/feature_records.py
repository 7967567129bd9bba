"""Records of views and orders as they lie in the topics, for one account and product."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from ordercast.services.shared.kafka.ports import Slice
from ordercast.services.shared.kafka.records import Partition, Record, StoredRecord
from tests.support.event_streams import Fact, Line, Order, View, numbered_records
from tests.support.histories import PARTITIONS

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
VIEWS_1 = Partition("views", 1)


def slices_of(facts: Sequence[Fact], start: int = 0) -> list[Slice]:
    """The facts' records as they would lie at the beginning of the topics, from offset `start` on."""
    return [slice_of(place, records, start) for place, records in numbered_records(facts, PARTITIONS).items()]


def slice_of(place: Partition, records: Sequence[Record], start: int = 0) -> Slice:
    stored = [
        StoredRecord(record.key, record.value, record.headers, record.timestamp_ms, place, offset)
        for offset, record in enumerate(records)
    ]
    return Slice(place, start, stored[start:])


def view(minutes: int, count: int = 1) -> View:
    return View(1, 1, NOON + timedelta(minutes=minutes), count)


def order(minutes: int) -> Order:
    return Order(1, NOON + timedelta(minutes=minutes), (Line(1, 2),))
