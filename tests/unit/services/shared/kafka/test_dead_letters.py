"""Dead letters: cut to a size that their topic takes, and sent again so that they count once."""

import pytest

from ordercast.contracts.envelope import SequenceNumber, decode
from ordercast.services.shared.kafka.dead_letters import (
    KEPT_BODY_BYTES,
    KEPT_HEADER_BYTES,
    REASON_LENGTH,
    dead_letter_of,
)
from ordercast.services.shared.kafka.memory import MemoryLog
from ordercast.services.shared.kafka.publish_dead_letters import NotReplayable, publish_dead_letters, replay
from ordercast.services.shared.kafka.publisher import MAX_BATCH_BYTES
from ordercast.services.shared.kafka.records import Partition, StoredRecord
from tests.support.event_streams import record_of
from tests.unit.services.feature_worker.streams import stored, view

PLACE = Partition("views", 1)


def record(value: bytes | None = b"{", headers: list[tuple[str, bytes]] | None = None) -> StoredRecord:
    return StoredRecord(b"1", value, headers or [("a", b"b")], 5, PLACE, 7)


def test_a_letter_is_named_after_the_place_of_its_record() -> None:
    assert dead_letter_of(record(), "a reason").id == "views:1:7"


@pytest.mark.parametrize("body", [None, b"", b"x" * KEPT_BODY_BYTES])
def test_what_fits_is_kept_whole(body: bytes | None) -> None:
    dead_letter = dead_letter_of(record(body), "a reason")
    assert not dead_letter.is_cut
    assert dead_letter.record.value == body


@pytest.mark.parametrize(
    "large",
    [
        record(b"x" * (KEPT_BODY_BYTES + 1)),
        record(b"x" * 2_000_000),
        record(headers=[(f"header-{number}", b"x" * 1_000) for number in range(1_000)]),
        record(headers=[("h" * 100_000, b"")]),
        StoredRecord(b"k" * 200_000, b"", [], 5, PLACE, 7),
    ],
)
async def test_what_is_too_large_is_cut_and_said_to_be(large: StoredRecord) -> None:
    dead_letter = dead_letter_of(large, "r" * 10_000)
    assert dead_letter.is_cut
    assert len(dead_letter.reason) == REASON_LENGTH
    log = MemoryLog()
    await publish_dead_letters(log, [dead_letter])
    (written,) = log.records("dead-letters", 0)
    size = len(written.key or b"") + len(written.value or b"") + sum(len(n) + len(v) for n, v in written.headers)
    assert size < KEPT_BODY_BYTES + 3 * KEPT_HEADER_BYTES < MAX_BATCH_BYTES
    whole = dead_letter_of(StoredRecord(b"1", b"{}", [], 5, PLACE, 8), "a reason")
    with pytest.raises(NotReplayable, match="views:1:7 was too large"):
        await replay(log, [whole, dead_letter])
    assert log.records("views", 1) == []  # nothing is sent where not all can be


async def test_a_replay_is_the_same_event_under_a_number_of_its_own() -> None:
    fact = view(3)
    original = stored(fact, record_of(fact, SequenceNumber("viewer", 9)), offset=7)
    log = MemoryLog()
    await replay(log, [dead_letter_of(original, "a reason")] * 2)
    for sent in log.records("views", 1):
        envelope = decode(sent.headers, sent.value)
        assert (envelope.id, envelope.time) == (fact.id, fact.time)
        assert envelope.sequence == SequenceNumber("replay:views:1:7", 1, "rising")
        assert sent.key == original.key
        assert sent.timestamp_ms == original.timestamp_ms
