"""Facts of a shop, and the records that tell of them as order_api would publish them."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import NamedTuple
from uuid import UUID, uuid4

from ordercast.contracts.envelope import Envelope, Numbering, SequenceNumber, encode
from ordercast.contracts.events import Event, OrderCancelled, OrderItem, OrderPlaced, ProductCarted, ProductViewed
from ordercast.contracts.topics import ORDERS, VIEWS, partition_of
from ordercast.services.shared.kafka.records import Partition, Record


class Line(NamedTuple):
    product_id: int
    quantity: int
    price: Decimal = Decimal("9.99")


@dataclass(frozen=True)
class Order:
    account_id: int
    time: datetime
    lines: tuple[Line, ...]
    id: UUID = field(default_factory=uuid4)


@dataclass(frozen=True)
class Cancellation:
    account_id: int
    time: datetime
    lines: tuple[Line, ...]
    id: UUID = field(default_factory=uuid4)
    placed_at: datetime | None = None


@dataclass(frozen=True)
class View:
    account_id: int
    product_id: int
    time: datetime
    count: int = 1
    id: UUID = field(default_factory=uuid4)
    is_cart: bool = False


Fact = Order | Cancellation | View


class Numbers:
    """Hands out each producer's next number in each partition."""

    def __init__(self) -> None:
        self._last: defaultdict[tuple[Partition, str], int] = defaultdict(int)

    def next(self, partition: Partition, producer: str, numbering: Numbering = "dense") -> SequenceNumber:
        self._last[partition, producer] += 1
        return SequenceNumber(producer, self._last[partition, producer], numbering)


def place_of(fact: Fact, partitions: int) -> Partition:
    """Where order_api publishes the fact."""
    topic = VIEWS if isinstance(fact, View) else ORDERS
    return Partition(topic.name, partition_of(fact.account_id, partitions))


def event_of(fact: Fact) -> Event:
    if isinstance(fact, View):
        return (ProductCarted if fact.is_cart else ProductViewed)(
            fact.account_id, fact.product_id, fact.count, fact.time
        )
    items = [
        OrderItem(number, line.product_id, line.quantity, line.price) for number, line in enumerate(fact.lines, start=1)
    ]
    if isinstance(fact, Cancellation):
        return OrderCancelled(fact.id, fact.account_id, items, fact.time, placed_at=fact.placed_at)
    total = sum((line.quantity * line.price for line in fact.lines), Decimal(0))
    return OrderPlaced(fact.id, fact.account_id, "PENDING", "EUR", total, items, fact.time)


def record_of(fact: Fact, sequence: SequenceNumber | None) -> Record:
    """The record of a fact. Without a number it is as a stranger would send it."""
    headers, body = encode(Envelope(fact.id, "/test", fact.time, event_of(fact), sequence))
    return Record(str(fact.account_id).encode(), body, headers, int(fact.time.timestamp() * 1000))


def numbered_records(
    facts: Iterable[Fact], partitions: int, *, viewer: str = "viewer"
) -> dict[Partition, list[Record]]:
    """The facts' records by partition, in their order, densely numbered: orders by the outbox, views by one instance."""
    numbers = Numbers()
    records: defaultdict[Partition, list[Record]] = defaultdict(list)
    for fact in facts:
        place = place_of(fact, partitions)
        producer = viewer if isinstance(fact, View) else "outbox"
        records[place].append(record_of(fact, numbers.next(place, producer)))
    return records
