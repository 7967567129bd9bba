"""Old events stay readable: `golden/` holds one example of each version that was ever published.

A golden file never changes and never goes. Whoever changes an event type gives it a new version and adds a file.
"""

import json
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import msgspec
import msgspec.inspect
import pytest

from ordercast.contracts.envelope import (
    MalformedEvent,
    SequenceNumber,
    UnknownEventType,
    decode,
    encode,
)
from ordercast.contracts.events import (
    EVENT_TYPES,
    TYPE_NAMES,
    AccountChanged,
    AccountCreated,
    Event,
    ModelActivated,
    ModelPublished,
    ModelUnpinned,
    OrderCancelled,
    OrderConfirmed,
    OrderItem,
    OrderPlaced,
    OrderUnpublishable,
    PredictionMade,
    ProductCarted,
    ProductChanged,
    ProductCreated,
    ProductViewed,
)
from ordercast.contracts.topics import ALL_TOPICS, ORDERS, PREDICTIONS, VIEWS, partition_of
from ordercast.services.shared.kafka.admit import Admitted, admit
from ordercast.services.shared.kafka.records import Partition, StoredRecord

TOPICS: Final = (ORDERS.name, VIEWS.name, PREDICTIONS.name)
GOLDEN: Final = Path(__file__).parent / "golden"
PARTITIONS: Final = 8

ORDER_ID: Final = UUID("0197a3c2-5d10-7c4e-8f0a-1b2c3d4e5f60")
ITEMS: Final = [OrderItem(1, 7, 3, Decimal("12.5000")), OrderItem(2, 9, 1, Decimal("0.9900"))]
# What each golden example says, in the words of the code of today.
MEANINGS: Final[dict[str, Event]] = {
    "ordercast.order.placed.v1": OrderPlaced(
        ORDER_ID, 1001, "PENDING", "EUR", Decimal("38.4900"), ITEMS, datetime(2026, 7, 1, 9, 30, 0, 123456, tzinfo=UTC)
    ),
    "ordercast.order.confirmed.v1": OrderConfirmed(ORDER_ID, 1001, datetime(2026, 7, 1, 10, tzinfo=UTC)),
    "ordercast.order.cancelled.v1": OrderCancelled(ORDER_ID, 1001, ITEMS, datetime(2026, 7, 2, 8, tzinfo=UTC)),
    "ordercast.order.unpublishable.v1": OrderUnpublishable(
        ORDER_ID, 1001, "ordercast.order.placed.v1", ORDER_ID, "MESSAGE_SIZE_TOO_LARGE: The message is too large."
    ),
    "ordercast.product.viewed.v1": ProductViewed(1001, 7, 2, datetime(2026, 7, 1, 9, 29, 58, tzinfo=UTC)),
    "ordercast.product.carted.v1": ProductCarted(1001, 7, 1, datetime(2026, 7, 1, 9, 29, 59, tzinfo=UTC)),
    "ordercast.product.created.v1": ProductCreated(
        7, "CUP-1", "A cup", Decimal("12.5000"), "EUR", True, datetime(2026, 7, 1, 9, tzinfo=UTC)
    ),
    "ordercast.product.changed.v1": ProductChanged(
        7, "CUP-1", "A large cup", Decimal("14.0000"), "EUR", False, datetime(2026, 7, 2, 9, 15, 0, 250, tzinfo=UTC)
    ),
    "ordercast.account.created.v1": AccountCreated(1001, "Ann", datetime(2026, 7, 1, 8, tzinfo=UTC)),
    "ordercast.account.changed.v1": AccountChanged(1001, None, datetime(2026, 7, 9, 8, tzinfo=UTC)),
    "ordercast.prediction.made.v1": PredictionMade(
        account_id=1001,
        product_id=7,
        recipe="demand",
        model_version="v20260703T000000-0a1b2c3d",
        made_at=datetime(2026, 7, 3, 12, 0, 0, 250_000, tzinfo=UTC),
        starts_on=date(2026, 7, 4),
        horizon_days=28,
        order_probability=0.125,
        expected_quantity=1.75,
        low=0,
        high=12,
        level=0.9,
        naive_quantity=2.5,
    ),
    "ordercast.model.published.v1": ModelPublished(
        "v20260703T000000-0a1b2c3d",
        "baseline",
        "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        datetime(2026, 7, 3, tzinfo=UTC),
    ),
    "ordercast.model.activated.v1": ModelActivated("v20260703T000000-0a1b2c3d", datetime(2026, 7, 4, tzinfo=UTC)),
    "ordercast.model.unpinned.v1": ModelUnpinned("v20260703T000000-0a1b2c3d", datetime(2026, 7, 5, tzinfo=UTC)),
}


@dataclass(frozen=True)
class Golden:
    """A record as it was once published."""

    topic: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def raw_headers(self) -> list[tuple[str, bytes]]:
        return [(name, value.encode()) for name, value in self.headers.items()]

    @property
    def raw_body(self) -> bytes:
        return json.dumps(self.body).encode()


def golden(name: str) -> Golden:
    return Golden(**json.loads((GOLDEN / f"{name}.json").read_text("utf-8")))


NAMES: Final = sorted(path.stem for path in GOLDEN.glob("*.json"))


def test_every_event_type_has_a_golden_example_and_a_meaning() -> None:
    assert set(NAMES) == EVENT_TYPES.keys() == MEANINGS.keys()
    assert len(TYPE_NAMES) == len(EVENT_TYPES)


@pytest.mark.parametrize("name", NAMES)
def test_an_old_event_means_what_it_meant(name: str) -> None:
    example = golden(name)
    envelope = decode(example.raw_headers, example.raw_body)
    assert envelope.event == MEANINGS[name]
    assert envelope.type == name
    assert envelope.id == UUID(example.headers["ce_id"])
    assert envelope.source == example.headers["ce_source"]
    assert envelope.time == datetime.fromisoformat(example.headers["ce_time"])
    assert envelope.traceparent == example.headers.get("ce_traceparent")
    if "ce_producer" in example.headers:
        assert envelope.sequence is not None
        assert envelope.sequence.producer == example.headers["ce_producer"]
        assert str(envelope.sequence.number) == example.headers["ce_sequence"]
        assert envelope.sequence.numbering == example.headers["ce_numbering"]
    else:
        assert envelope.sequence is None


@pytest.mark.parametrize("name", NAMES)
def test_a_new_event_of_the_same_version_still_has_all_that_an_old_reader_looks_for(name: str) -> None:
    example = golden(name)
    headers, body = encode(decode(example.raw_headers, example.raw_body))
    assert {key: value.decode() for key, value in headers} == example.headers
    written = json.loads(body)
    assert {key: written[key] for key in example.body} == example.body


@pytest.mark.parametrize("name", NAMES)
def test_fields_and_headers_of_a_later_release_are_passed_over(name: str) -> None:
    example = golden(name)
    later = replace(example, body={**example.body, "new_field": [1]}, headers={**example.headers, "ce_new": "x"})
    assert decode(later.raw_headers, later.raw_body).event == MEANINGS[name]


@pytest.mark.parametrize("name", NAMES)
def test_a_field_without_a_default_cannot_be_left_out(name: str) -> None:
    example = golden(name)
    optional = {"order_ref", "simulated"}
    for missing in example.body.keys() - optional:
        rest = replace(example, body={key: value for key, value in example.body.items() if key != missing})
        with pytest.raises(MalformedEvent, match=missing):
            decode(rest.raw_headers, rest.raw_body)


@pytest.mark.parametrize("name", NAMES)
def test_a_version_that_is_not_published_yet_is_unknown(name: str) -> None:
    example = golden(name)
    later = replace(example, headers={**example.headers, "ce_type": name[:-2] + "v9"})
    with pytest.raises(UnknownEventType):
        decode(later.raw_headers, later.raw_body)


@pytest.mark.parametrize("name", [name for name in NAMES if golden(name).topic in TOPICS])
def test_the_worker_admits_every_old_event_of_its_topics(name: str) -> None:
    example = golden(name)
    place = Partition(example.topic, partition_of(1001, PARTITIONS))
    record = StoredRecord(b"1001", example.raw_body, example.raw_headers, 0, place, 0)
    assert isinstance(admit(record, PARTITIONS), Admitted)


def test_numbers_may_be_left_out_where_nobody_counts() -> None:
    example = golden("ordercast.model.published.v1")
    assert decode(example.raw_headers, example.raw_body).sequence is None
    numbered = replace(
        example, headers={**example.headers, "ce_producer": "p", "ce_sequence": "1", "ce_numbering": "dense"}
    )
    assert decode(numbered.raw_headers, numbered.raw_body).sequence == SequenceNumber("p", 1)


def test_topics_and_partitions_stay_where_they_are() -> None:
    """Renaming a topic, or sending an account elsewhere, would cut it off from its own events."""
    assert [(topic.name, topic.partitions) for topic in ALL_TOPICS] == [
        ("orders", None),
        ("views", None),
        ("predictions", None),
        ("models", 1),
        ("products", None),
        ("accounts", None),
        ("dead-letters", 1),
    ]
    assert [partition_of(account, 8) for account in (1, 7, 8, 9, 1001)] == [1, 7, 0, 1, 1]


# Texts of events, none of which says who somebody is: states, codes, versions and types; the shop's own number of an order; why
# Kafka refused a record. A nickname is one that a customer chose for all to see, never a shop's reference, which may be an address
# (`test_no_address_gets_into_a_topic_by_an_import`), and in a topic that forgets the one before it.
TEXTS: Final = {
    OrderPlaced: {"status", "currency", "order_ref"},
    OrderConfirmed: set(),
    OrderCancelled: {"order_ref"},
    OrderUnpublishable: {"event_type", "reason"},
    ProductViewed: set(),
    ProductCarted: set(),
    ProductCreated: {"sku", "name", "currency"},
    ProductChanged: {"sku", "name", "currency"},
    AccountCreated: {"nickname"},
    AccountChanged: {"nickname"},
    PredictionMade: {"recipe", "model_version"},
    ModelPublished: {"version", "recipe", "manifest_sha256"},
    ModelActivated: {"version"},
    ModelUnpinned: {"version"},
}


@pytest.mark.parametrize("event", EVENT_TYPES.values())
def test_an_event_says_nothing_of_a_person_but_ids_and_a_nickname(event: type[Event]) -> None:
    """What is in a topic cannot be erased, but in a compacted one replaced."""

    def holds_text(kind: msgspec.inspect.Type) -> bool:
        if isinstance(kind, msgspec.inspect.Metadata):
            return holds_text(kind.type)
        if isinstance(kind, msgspec.inspect.UnionType):
            return any(map(holds_text, kind.types))
        if isinstance(kind, msgspec.inspect.ListType):
            return holds_text(kind.item_type)
        if isinstance(kind, msgspec.inspect.StructType):
            return any(holds_text(field.type) for field in kind.fields)
        return not isinstance(kind, WITHOUT_TEXT)

    inspected = msgspec.inspect.type_info(event)
    assert isinstance(inspected, msgspec.inspect.StructType)
    assert {field.name for field in inspected.fields if holds_text(field.type)} == TEXTS[event]


WITHOUT_TEXT: Final = (
    msgspec.inspect.IntType,
    msgspec.inspect.FloatType,
    msgspec.inspect.BoolType,
    msgspec.inspect.NoneType,
    msgspec.inspect.DecimalType,
    msgspec.inspect.UUIDType,
    msgspec.inspect.DateTimeType,
    msgspec.inspect.DateType,
)
