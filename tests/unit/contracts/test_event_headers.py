"""The described headers are those that are written."""

from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from ordercast.contracts.envelope import SequenceNumber, encode_headers
from ordercast.contracts.event_headers import DEAD_LETTER_HEADERS, EVENT_HEADERS
from ordercast.services.shared.kafka.dead_letters import dead_letter_of, to_record
from ordercast.services.shared.kafka.records import Partition, StoredRecord
from tests.unit.contracts.test_events import NAMES, golden

EVENT: Final = Draft202012Validator(EVENT_HEADERS)
TRACE: Final = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def written(**more: object) -> dict[str, str]:
    headers = encode_headers(
        event_type=NAMES[0],
        event_id=uuid4(),
        source="/ordercast/test",
        time=datetime.now(UTC),
        **more,  # type: ignore[arg-type]
    )
    return {name: value.decode() for name, value in headers}


def test_every_header_that_is_written_is_described_and_those_that_always_are_are_required() -> None:
    numbered = written(sequence=SequenceNumber("outbox", 1), traceparent=TRACE)
    assert list(EVENT_HEADERS["properties"]) == list(numbered)
    assert EVENT_HEADERS["required"] == list(written())
    assert all(header["description"] for header in EVENT_HEADERS["properties"].values())
    EVENT.validate(numbered)
    EVENT.validate(written())


@pytest.mark.parametrize("name", NAMES)
def test_the_headers_of_a_golden_example_fit(name: str) -> None:
    EVENT.validate(golden(name).headers)


@pytest.mark.parametrize("missing", ["ce_sequence", "ce_numbering", "ce_id"])
def test_half_of_a_number_or_no_id_does_not_fit(missing: str) -> None:
    headers = written(sequence=SequenceNumber("outbox", 1))
    with pytest.raises(ValidationError, match=missing):
        EVENT.validate({name: value for name, value in headers.items() if name != missing})


def test_the_headers_of_a_dead_letter_are_described() -> None:
    record = StoredRecord(b"7", b"{}", [("ce_id", b"x")], 0, Partition("orders", 3), 12)
    headers = {name: value.decode() for name, value in to_record(dead_letter_of(record, "why")).headers}
    assert list(headers) == [*DEAD_LETTER_HEADERS["properties"], "original_ce_id"]
    Draft202012Validator(DEAD_LETTER_HEADERS).validate(headers)
