"""What a record's differences to the contract are, whatever lies in it."""

import json
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.contracts.envelope import Envelope, SequenceNumber, encode
from ordercast.contracts.events import ProductViewed
from ordercast.services.order_api.dead_letters.check_record import MAX_ERRORS, MAX_MESSAGE, check_replay
from ordercast.services.shared.kafka.dead_letters import DeadLetter
from ordercast.services.shared.kafka.records import Partition, Record

NOW: Final = datetime(2026, 7, 1, tzinfo=UTC)
HEADERS, BODY = encode(
    Envelope(UUID(int=1), "/test", NOW, ProductViewed(8, 7, 1, NOW), SequenceNumber("till", 1, "dense"))
)
PARTITIONS: Final = 4


def letter(body: bytes | None = BODY, headers: Any = HEADERS, place: Partition = Partition("views", 0)) -> DeadLetter:  # noqa: B008
    return DeadLetter(place, 3, "because", Record(b"8", body, list(headers), 0))


def with_body(**changes: Any) -> DeadLetter:
    return letter(json.dumps(json.loads(BODY) | changes).encode())


def test_an_event_as_it_should_be_is_taken() -> None:
    checked = check_replay(letter(), PARTITIONS)
    assert (checked.refusal, checked.errors) == (None, [])


@pytest.mark.parametrize(
    ("refused", "fields"),
    [
        (with_body(count="many"), ["body.count"]),
        (with_body(count=0, product_id=0), ["body.count", "body.product_id"]),
        (letter(b"{"), ["body"]),
        (letter(None), ["body"]),
        (letter(b"[" * 100_000), ["body"]),
        (letter(b"{}"), ["body"] * 4),
        (letter(headers=HEADERS[1:]), ["headers"]),
        (letter(headers=[*HEADERS, ("ce_id", b"again")]), ["headers.ce_id"]),
        (letter(headers=[*HEADERS[:-1], ("ce_time", b"\xff")]), ["headers.ce_time", "headers.ce_time"]),
        (
            letter(headers=[("ce_type", b"ordercast.none.v1"), *(h for h in HEADERS if h[0] != "ce_type")]),
            ["headers.ce_type"],
        ),
    ],
)
def test_each_difference_is_named_by_its_field(refused: DeadLetter, fields: list[str]) -> None:
    checked = check_replay(refused, PARTITIONS)
    assert checked.refusal is not None
    assert sorted(error.field for error in checked.errors) == fields


def test_what_the_contract_cannot_see_the_worker_says() -> None:
    checked = check_replay(letter(place=Partition("views", 1)), PARTITIONS)
    assert checked.errors == []
    assert checked.refusal == "MisplacedEvent: account 8 does not belong in partition 1 of 4"
    assert "does not belong in products" in str(check_replay(letter(place=Partition("products", 0)), 4).refusal)


@given(
    st.binary(max_size=50) | st.none(), st.lists(st.tuples(st.sampled_from([name for name, _ in HEADERS]), st.binary()))
)
def test_nothing_that_lies_in_a_topic_makes_it_fail(body: bytes | None, headers: list[tuple[str, bytes]]) -> None:
    checked = check_replay(letter(body, headers), PARTITIONS)
    assert checked.refusal
    assert 0 < len(checked.errors) <= MAX_ERRORS
    assert all(len(error.message) <= MAX_MESSAGE for error in checked.errors)
