"""Numbers tell new events from repeats."""

import pytest

from ordercast.contracts.envelope import SequenceNumber
from ordercast.services.feature_worker.dedupe import Stream, drop_repeats, streams_of
from ordercast.services.feature_worker.seen import MAX_RUNS, Run, Seen
from ordercast.services.shared.kafka.admit import Admitted, Refused, TooManyGaps, refuse
from ordercast.services.shared.kafka.dead_letters import dead_letter_id, replay_producer
from ordercast.services.shared.kafka.records import Partition
from tests.support.event_streams import record_of
from tests.unit.services.feature_worker.streams import admitted, stored, view

VIEWS_1 = Partition("views", 1)
VIEWER = Stream(VIEWS_1, "viewer")


def refused(number: int | None, offset: int = 0, producer: str = "viewer") -> Refused:
    fact = view()
    sequence = None if number is None else SequenceNumber(producer, number)
    return refuse(stored(fact, record_of(fact, sequence), offset), "a reason")


def test_the_next_dense_number_is_new_and_becomes_the_last() -> None:
    batch = [admitted(view(), number=number, producer="viewer") for number in (4, 5)]
    new = drop_repeats(batch, {VIEWER: Seen(3)})
    assert new.events == batch
    assert new.seen == {VIEWER: Seen(5)}
    assert streams_of(batch) == {VIEWER}


def test_numbers_up_to_the_last_are_repeats() -> None:
    batch = [admitted(view(), number=number, producer="viewer") for number in (2, 3)]
    new = drop_repeats(batch, {VIEWER: Seen(3)})
    assert new.events == []
    assert new.seen == {}
    assert new.repeats == {"views": 2}


def test_a_repeat_inside_of_one_batch_is_dropped() -> None:
    batch = [admitted(view(), number=number, producer="viewer") for number in (1, 2, 1, 2, 3)]
    new = drop_repeats(batch, {})
    assert [item.sequence.number for item in new.events if item.sequence] == [1, 2, 3]


@pytest.mark.parametrize(("last", "number"), [(3, 5), (0, 2), (3, 2**63 - 1)])
def test_what_comes_after_a_hole_in_dense_numbers_counts_and_the_hole_is_kept(last: int, number: int) -> None:
    batch = [admitted(view(), number=number, producer="viewer")]
    new = drop_repeats(batch, {VIEWER: Seen(last)} if last else {})
    assert new.events == batch
    assert new.seen == {VIEWER: Seen(last, (Run(number, number),))}


def test_missing_numbers_count_when_they_come_after_all_and_each_once() -> None:
    numbers = (2, 5, 6, 2, 1, 4, 5, 3, 7, 3)
    new = drop_repeats([admitted(view(), number=number, producer="viewer") for number in numbers], {})
    assert [item.sequence.number for item in new.events if item.sequence] == [2, 5, 6, 1, 4, 3, 7]
    assert new.seen == {VIEWER: Seen(7)}
    assert new.repeats == {"views": 3}


def test_a_number_that_a_stranger_raised_makes_no_repeats_of_those_below_it() -> None:
    batch: list[Admitted | Refused] = [
        refused(2**63 - 1),
        *(admitted(view(), number=number, producer="viewer") for number in (4, 5)),
    ]
    new = drop_repeats(batch, {VIEWER: Seen(3)})
    assert new.events == batch
    assert new.seen[VIEWER] == Seen(5, (Run(2**63 - 1, 2**63 - 1),))


def test_a_stream_has_so_many_gaps_and_no_more() -> None:
    """Each is read and written with its stream: a stranger would make the worker slow with them."""
    full = Seen(0, tuple(Run(2 * number, 2 * number) for number in range(1, MAX_RUNS + 1)))
    batch = [admitted(view(), number=number, producer="viewer") for number in (3_000, 1, 3_000)]
    new = drop_repeats(batch, {VIEWER: full})
    first, second, third = new.events
    assert isinstance(first, Refused)
    assert first.reason.startswith("TooManyGaps: viewer has more than 1,000 gaps")
    assert first.refusal is TooManyGaps
    assert second is batch[1]
    assert third is batch[2], "there was room for it then"
    assert new.seen[VIEWER] == Seen(2, (*full.ahead[1:], Run(3_000, 3_000)))


def test_rising_numbers_may_leave_holes() -> None:
    batch = [admitted(view(), number=number, producer="key:1:k", numbering="rising") for number in (2, 7, 7, 3, 9)]
    new = drop_repeats(batch, {})
    assert [item.sequence.number for item in new.events if item.sequence] == [2, 7, 9]


@pytest.mark.parametrize("kind", ["", "batch:"])
def test_each_producer_and_partition_has_numbers_of_its_own(kind: str) -> None:
    batch = [
        admitted(view(account=account), number=1, producer=kind + producer, numbering="rising" if kind else "dense")
        for account in (1, 2)
        for producer in ("a", "b")
    ]
    assert len(drop_repeats(batch, {}).events) == 4


def test_a_refused_record_takes_its_number_so_that_the_next_one_is_no_gap() -> None:
    new = drop_repeats([refused(1), admitted(view(), number=2, producer="viewer")], {})
    assert len(new.events) == 2
    assert new.seen[VIEWER] == Seen(2)


def test_a_repeat_of_a_refused_record_is_not_refused_again() -> None:
    new = drop_repeats([refused(1, offset=0), refused(1, offset=1)], {})
    assert [item.record.offset for item in new.events] == [0]


def test_a_refused_record_without_a_number_opens_only_its_replay() -> None:
    new = drop_repeats([refused(None, offset=7)], {})
    assert new.seen == {Stream(VIEWS_1, replay_producer("views:1:7")): Seen()}


def replayed(offset: int = 7) -> str:
    return replay_producer(dead_letter_id(VIEWS_1, offset))


def test_a_replay_counts_once_after_its_record_was_skipped() -> None:
    replays = [admitted(view(), number=1, producer=replayed(), numbering="rising") for _ in range(2)]
    new = drop_repeats(replays, {Stream(VIEWS_1, replayed()): Seen()})
    assert len(new.events) == 1
    assert new.seen == {Stream(VIEWS_1, replayed()): Seen(1)}
    assert drop_repeats(replays, new.seen).events == []


def test_a_replay_of_a_record_that_was_never_skipped_does_not_count() -> None:
    """The dead letter was written, then the process died; the next release accepted the record after all."""
    new = drop_repeats([admitted(view(), number=1, producer=replayed(), numbering="rising")], {})
    assert new.events == []
    assert new.seen == {}
