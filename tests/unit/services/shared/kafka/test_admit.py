"""What is an event and what is not; nothing that lies in a topic can make the worker fail."""

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ordercast.contracts.envelope import EventRefused, SequenceNumber
from ordercast.contracts.limits import MAX_BODY_BYTES
from ordercast.services.shared.kafka.admit import REFUSALS, Admitted, Refused, admit, refuse
from ordercast.services.shared.kafka.records import Partition, StoredRecord
from tests.support.event_streams import Cancellation, Fact, Line, Order, View, record_of
from tests.unit.services.feature_worker.streams import NOON, PARTITIONS, cart, stored, view

ORDER = Order(1, NOON, (Line(5, 2),))


def record(fact: Fact, sequence: SequenceNumber | None = SequenceNumber("outbox", 1)) -> StoredRecord:  # noqa: B008
    return stored(fact, record_of(fact, sequence))


def with_header(name: str, value: bytes | None) -> StoredRecord:
    """An order's record with one header replaced; None leaves it out."""
    original = record(ORDER)
    rest = [header for header in original.headers if header[0] != name]
    return replace(original, headers=rest if value is None else [*rest, (name, value)])


def twice(name: str, value: bytes) -> StoredRecord:
    """An order's record in which a header comes a second time, with another value."""
    original = record(ORDER)
    return replace(original, headers=[*original.headers, (name, value)])


def replayed(dead_letter: str, number: int = 1) -> StoredRecord:
    """An order's record as the replay of a dead letter, under a number."""
    return record(ORDER, SequenceNumber(f"replay:{dead_letter}", number, "rising"))


def with_body(change: Callable[[dict[str, Any]], None]) -> StoredRecord:
    original = record(ORDER)
    body = msgspec.json.decode(original.value or b"")
    change(body)
    return replace(original, value=msgspec.json.encode(body))


@pytest.mark.parametrize("fact", [ORDER, Cancellation(1, NOON, (Line(5, 2),)), view(), cart()])
def test_events_in_their_place_are_admitted(fact: Fact) -> None:
    item = admit(record(fact), PARTITIONS)
    assert isinstance(item, Admitted)
    assert item.envelope.id == fact.id
    assert item.envelope.time == fact.time
    assert item.sequence == SequenceNumber("outbox", 1)


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (with_header("ce_type", b"ordercast.order.placed.v2"), "UnknownEventType: unknown event type"),
        (with_header("ce_type", b"somebody.else.v1"), "UnknownEventType: unknown event type"),
        (with_header("ce_type", b"ordercast.product.viewed.v1"), "MalformedEvent: .*missing required field"),
        (with_header("ce_specversion", b"2.0"), "MalformedEvent: ce_specversion is '2.0'"),
        (with_header("ce_id", None), "MalformedEvent: the header ce_id is missing"),
        (with_header("ce_id", b"7"), "MalformedEvent: .*UUID"),
        (with_header("ce_source", b"\xff"), "MalformedEvent: a header is not UTF-8"),
        (with_header("ce_time", b"yesterday"), "MalformedEvent: .*isoformat"),
        (with_header("ce_time", b"2026-03-01T12:00:00"), "MalformedEvent: ce_time has no time zone"),
        (with_header("ce_time", b"1969-12-31T23:59:59+00:00"), "MalformedEvent: ce_time is 1969"),
        (with_header("ce_time", b"9999-12-31T23:59:59-14:00"), "MalformedEvent: ce_time is 9999"),
        (with_header("ce_producer", None), "MissingSequence: the event has no ce_producer"),
        (with_header("ce_producer", b""), "MalformedEvent: ce_producer is empty"),
        (with_header("ce_producer", b"out\0box"), "MalformedEvent: ce_producer .* holds a NUL"),
        (with_header("ce_producer", b"x" * 301), "MalformedEvent: ce_producer is .* too long"),
        (with_header("ce_sequence", None), "MalformedEvent: the header ce_sequence is missing"),
        (with_header("ce_sequence", b"one"), "MalformedEvent: ce_sequence is 'one', not a whole number"),
        (with_header("ce_sequence", b"0"), "MalformedEvent: ce_sequence is 0"),
        (with_header("ce_sequence", str(2**63).encode()), "MalformedEvent: ce_sequence is 9223372036854775808"),
        (with_header("ce_sequence", b"-1"), "MalformedEvent: ce_sequence is '-1', not a whole number"),
        *(
            (with_header("ce_sequence", number), "not a whole number")
            for number in (b"1_0", b" 1", b"+1", b"\xd9\xa1", b"9" * 20)
        ),
        (with_header("ce_numbering", b"falling"), "MalformedEvent: ce_numbering is 'falling'"),
        (
            with_header("ce_numbering", b"rising"),
            "MalformedEvent: ce_numbering is 'rising', and the stream 'outbox' is dense",
        ),
        (
            with_header("ce_producer", b"batch:x"),
            "MalformedEvent: ce_numbering is 'dense', and the stream 'batch:x' is rising",
        ),
        (with_header("ce_producer", b"viewer"), "MisplacedEvent: the stream viewer does not belong in orders"),
        (twice("ce_sequence", b"2"), "MalformedEvent: a header comes more than once"),
        (twice("ce_producer", b"viewer"), "MalformedEvent: a header comes more than once"),
        (
            replayed("orders:1:7", 2),
            "MisplacedEvent: number 2 of replay:orders:1:7 is no replay of a record of this partition",
        ),
        (replayed("orders:11:7"), "MisplacedEvent: .* no replay of a record of this partition"),
        (replayed("views:1:7"), "MisplacedEvent: .* no replay of a record of this partition"),
        (replace(record(ORDER), value=None), "MalformedEvent: the record has no body"),
        (replace(record(ORDER), value=b""), "MalformedEvent: "),
        (replace(record(ORDER), value=b"\xff\xfe"), "MalformedEvent: "),
        (replace(record(ORDER), value=b'{"x":' + b"[" * 100_000), "MalformedEvent: .*recursion"),
        (replace(record(ORDER), value=b" " * (MAX_BODY_BYTES + 1)), "OversizedEvent: the body has 524289 bytes"),
        (replace(record(ORDER), headers=[]), "MalformedEvent: the header ce_type is missing"),
        (with_body(lambda body: body.update(account_id=0)), "MalformedEvent: account_id is 0"),
        (with_body(lambda body: body.update(account_id=2**80)), "MalformedEvent: account_id is"),
        (with_body(lambda body: body.update(account_id=2)), "MisplacedEvent: account 2 does not belong in partition 1"),
        (with_body(lambda body: body["items"][0].update(product_id=2**63)), "MalformedEvent: line 1: product_id is"),
        (with_body(lambda body: body["items"][0].update(quantity=0)), "MalformedEvent: line 1: .*quantity is 0"),
        (with_body(lambda body: body["items"][0].update(quantity=1_000_001)), "MalformedEvent: line 1: .*quantity is"),
        (with_body(lambda body: body["items"][0].update(quantity=1.5)), "MalformedEvent: .*Expected `int`"),
        (
            with_body(lambda body: body["items"][0].update(unit_price="NaN")),
            "MalformedEvent: line 1: unit_price is NaN",
        ),
        (with_body(lambda body: body["items"][0].update(unit_price="-1")), "MalformedEvent: line 1: unit_price is -1"),
        (with_body(lambda body: body["items"][0].update(unit_price="1e400")), "MalformedEvent: line 1: unit_price is"),
        # Rounded to four decimals it would no longer fit its column.
        (with_body(lambda body: body["items"][0].update(unit_price="99999999.99995")), "line 1: unit_price is"),
        (record(View(1, 2**63, NOON)), "MalformedEvent: product_id is"),
        (record(View(1, 1, NOON, 0)), "MalformedEvent: .*count is 0"),
        (record(View(1, 1, NOON, 1_000_000_001)), "MalformedEvent: .*count is"),
        (
            record(Cancellation(1, NOON, (Line(1, 1),), placed_at=NOON.replace(tzinfo=None))),
            "MalformedEvent: placed_at is 2026-03-01 12:00:00",
        ),
        (record(Cancellation(1, NOON, (Line(1, 1),), placed_at=NOON.replace(year=1969))), "MalformedEvent: placed_at"),
        (record(Cancellation(1, NOON, (Line(1, 1),), placed_at=NOON.replace(year=9000))), "MalformedEvent: placed_at"),
        (replace(record(ORDER), partition=Partition("views", 1)), "MisplacedEvent: .* does not belong in views"),
        (replace(record(view()), partition=Partition("orders", 1)), "MisplacedEvent: .* does not belong in orders"),
    ],
)
def test_what_is_no_event_is_refused_with_the_reason(bad: StoredRecord, reason: str) -> None:
    item = admit(bad, PARTITIONS)
    assert isinstance(item, Refused)
    assert re.search(reason, item.reason), item.reason


def test_the_largest_order_is_admitted() -> None:
    lines = tuple(Line(2**63 - 1, 1_000_000, Decimal("99999999.9999")) for _ in range(2_000))
    assert isinstance(admit(record(Order(1, datetime(2026, 1, 1, tzinfo=UTC), lines)), PARTITIONS), Admitted)


def test_a_refused_record_keeps_the_number_that_its_headers_tell() -> None:
    assert refuse(replace(record(ORDER), value=b"?"), "broken").sequence == SequenceNumber("outbox", 1)
    assert refuse(with_header("ce_sequence", b"?"), "broken").sequence is None
    assert refuse(with_header("ce_sequence", b"-1"), "broken").sequence is None


@pytest.mark.parametrize(
    "forged",
    [
        with_header(
            "ce_numbering", b"rising"
        ),  # it would raise the stream by any number, and what comes after would be repeats
        twice("ce_sequence", b"9"),
        replayed("orders:1:7", 2),  # as if somebody had discarded the dead letter
        replayed("orders:1:7", 5),
        replayed("views:1:7"),
    ],
)
def test_a_number_that_none_of_our_producers_gives_does_not_count(forged: StoredRecord) -> None:
    item = admit(forged, PARTITIONS)
    assert isinstance(item, Refused)
    assert item.sequence is None


def test_a_replay_of_a_record_of_the_partition_is_admitted() -> None:
    assert isinstance(admit(replayed("orders:1:7"), PARTITIONS), Admitted)


names = st.sampled_from([name for name, _ in record(ORDER).headers]) | st.text(max_size=5)
values = st.none() | st.binary(max_size=20) | st.sampled_from([value for _, value in record(ORDER).headers])


@given(
    headers=st.lists(st.tuples(names, values), max_size=12),
    body=st.none() | st.binary(max_size=50) | st.just(record(ORDER).value),
    topic=st.sampled_from(["orders", "views"]),
)
@example(headers=[("ce_type", None)], body=b"", topic="orders")
def test_whatever_lies_in_a_topic_is_admitted_or_refused(headers: Any, body: bytes | None, topic: str) -> None:
    item = admit(StoredRecord(b"", body, headers, 0, Partition(topic, 1), 0), PARTITIONS)
    assert isinstance(item, Admitted | Refused)


@given(body=st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(), st.lists, max_leaves=5))
def test_whatever_stands_in_a_field_is_admitted_or_refused(body: Any) -> None:
    for name in ("account_id", "items", "placed_at", "total"):
        item = admit(with_body(lambda whole, name=name: whole.update({name: body})), PARTITIONS)  # type: ignore[misc]
        assert isinstance(item, Admitted | Refused)


def test_every_class_of_refusal_is_counted_from_0() -> None:
    assert {refusal.__name__ for refusal in REFUSALS} == {
        refusal.__name__ for refusal in EventRefused.__subclasses__() if refusal.__module__.startswith("ordercast.")
    }
