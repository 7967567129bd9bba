"""Small makers of records for the unit tests."""

from datetime import UTC, datetime, timedelta
from typing import Final
from uuid import UUID

from ordercast.contracts.envelope import Numbering, SequenceNumber
from ordercast.services.feature_worker.aggregate import Pair, PairChange, aggregate
from ordercast.services.shared.kafka.admit import Admitted, admit
from ordercast.services.shared.kafka.records import Record, StoredRecord
from tests.support.event_streams import Cancellation, Fact, Line, Order, View, place_of, record_of

PARTITIONS: Final = 4
NOON: Final = datetime(2026, 3, 1, 12, tzinfo=UTC)
PAIR = Pair(1, 1)
SMALL_ID, LARGE_ID = UUID(int=1), UUID(int=2)


def at(minutes: float) -> datetime:
    """Noon of the day and so many minutes."""
    return NOON + timedelta(minutes=minutes)


def stored(fact: Fact, record: Record, offset: int = 0) -> StoredRecord:
    """The record as it lies in the fact's partition."""
    return StoredRecord(
        record.key, record.value, record.headers, record.timestamp_ms, place_of(fact, PARTITIONS), offset
    )


def admitted(
    fact: Fact, *, offset: int = 0, number: int = 1, producer: str = "outbox", numbering: Numbering = "dense"
) -> Admitted:
    record = stored(fact, record_of(fact, SequenceNumber(producer, number, numbering)), offset)
    item = admit(record, PARTITIONS)
    assert isinstance(item, Admitted)
    return item


def view(minutes: float = 0, *, account: int = 1, product: int = 1, count: int = 1) -> View:
    return View(account, product, at(minutes), count)


def cart(minutes: float = 0, *, account: int = 1, product: int = 1, count: int = 1) -> View:
    return View(account, product, at(minutes), count, is_cart=True)


def order(minutes: float, *lines: Line, order_id: UUID = SMALL_ID) -> Order:
    return Order(1, at(minutes), lines or (Line(1, 2),), order_id)


def change_of(*facts: Order | Cancellation | View) -> PairChange:
    return aggregate(admitted(fact, offset=offset) for offset, fact in enumerate(facts)).pairs[PAIR]
