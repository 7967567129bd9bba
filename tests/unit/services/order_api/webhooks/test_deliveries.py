"""Each event is noted for whom it is, under an id that a receiver can tell a repeat by."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ordercast.contracts.envelope import Envelope, SequenceNumber, encode
from ordercast.contracts.events import OrderItem, OrderPlaced, ProductViewed
from ordercast.services.order_api.webhooks.deliveries import Subscription, deliveries_of, message_id
from ordercast.services.shared.kafka.ports import Slice
from ordercast.services.shared.kafka.records import Partition, StoredRecord

BEGAN = datetime(2026, 7, 1, tzinfo=UTC)
MS = timedelta(milliseconds=1)
PLACE = Partition("orders", 3)


def envelope(number: int, *, viewed: bool = False, producer: str | None = "outbox") -> Envelope:
    order = OrderPlaced(UUID(int=number), 1, "PENDING", "EUR", Decimal(1), [OrderItem(1, 7, 1, Decimal(1))], BEGAN)
    event = ProductViewed(1, 7, 1, BEGAN) if viewed else order
    sequence = None if producer is None else SequenceNumber(producer, number)
    return Envelope(UUID(int=number), "/test", BEGAN, event, sequence)


def stored(offset: int, accepted_ms: int, event: Envelope) -> StoredRecord:
    headers, body = encode(event)
    return StoredRecord(b"1", body, headers, int(BEGAN.timestamp() * 1000) + accepted_ms, PLACE, offset)


@given(
    st.lists(st.tuples(st.integers(-5, 5), st.booleans()), max_size=20),
    st.lists(
        st.tuples(st.integers(-5, 5), st.sampled_from([set(), {"order.placed"}, {"order.placed", "product.viewed"}]))
    ),
)
def test_each_has_what_it_wants_from_its_time_on_and_nothing_else(
    events: list[tuple[int, bool]], wishes: list[tuple[int, set[str]]]
) -> None:
    records = [stored(n, at, envelope(n, viewed=viewed)) for n, (at, viewed) in enumerate(events)]
    hooks = [Subscription(n, frozenset(types), BEGAN + since * MS) for n, (since, types) in enumerate(wishes)]
    found = list(deliveries_of([Slice(PLACE, 0, records)] if records else [], hooks))
    expected = {
        (hook, f"orders:3:outbox:{number}")
        for hook, (since, types) in enumerate(wishes)
        for number, (at, viewed) in enumerate(events)
        if at >= since and ("product.viewed" if viewed else "order.placed") in types
    }
    assert len(found) == len(expected)
    assert {(delivery.webhook_id, delivery.message_id) for delivery in found} == expected


def test_it_is_the_cloud_event_of_the_feed() -> None:
    hook = Subscription(1, frozenset({"order.placed"}), BEGAN)
    (delivery,) = deliveries_of([Slice(PLACE, 0, [stored(0, 0, envelope(17))])], [hook])
    told = json.loads(delivery.body)
    assert (told["type"], told["sequence"], told["data"]["order_id"]) == (
        "ordercast.order.placed.v1",
        "17",
        str(UUID(int=17)),
    )


def test_what_is_no_event_of_ours_is_passed_over() -> None:
    junk = StoredRecord(b"1", b"\xff", [("ce_type", b"ordercast.order.placed.v1")], 10**13, PLACE, 0)
    hook = Subscription(1, frozenset({"order.placed"}), BEGAN)
    assert len(list(deliveries_of([Slice(PLACE, 0, [junk, stored(1, 0, envelope(1))])], [hook]))) == 1


def test_what_is_sent_again_for_the_worker_alone_is_passed_over() -> None:
    hook = Subscription(1, frozenset({"order.placed"}), BEGAN)
    again = stored(0, 0, envelope(1, producer="replay:orders:3:0"))
    assert list(deliveries_of([Slice(PLACE, 0, [again])], [hook])) == []


def test_a_repeat_has_the_id_of_the_first_and_another_stream_another_one() -> None:
    assert message_id(PLACE, envelope(17)) == message_id(PLACE, envelope(17)) == "orders:3:outbox:17"
    assert message_id(Partition("orders", 4), envelope(17)) == "orders:4:outbox:17"


def test_what_has_no_number_goes_by_its_id() -> None:
    event = envelope(17, producer=None)
    assert message_id(PLACE, event) == str(event.id)


@given(
    st.text(min_size=1).filter(
        lambda text: not text.startswith(("batch:", "key:", "replay:", "predictions:", "states:"))
    )
)
def test_whatever_a_stream_is_called_the_id_fits_into_a_header_and_has_no_full_stop(producer: str) -> None:
    if any(0xD800 <= ord(letter) < 0xE000 for letter in producer):
        return  # no text of UTF-8
    found = message_id(PLACE, envelope(1, producer=producer))
    assert found.isascii()
    assert found.isprintable()
    assert not {".", " "} & set(found)


def test_ids_of_streams_with_similar_names_differ() -> None:
    names = ["a.b", "a%2Eb", "a%b", "a b", "a:b"]
    assert len({message_id(PLACE, envelope(1, producer=name)) for name in names}) == len(names)
