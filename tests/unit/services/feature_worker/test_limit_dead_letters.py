"""The worker stops where too many records of a partition are refused, at the same record however they come in batches."""

from collections import defaultdict
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.feature_worker import limit_dead_letters
from ordercast.services.feature_worker.errors import TooManyDeadLetters
from ordercast.services.feature_worker.limit_dead_letters import check_in_a_row, check_ratio
from ordercast.services.shared.kafka.admit import Admitted, Refused, refuse
from ordercast.services.shared.kafka.dead_letter_limits import WINDOW
from ordercast.services.shared.kafka.records import Partition
from tests.unit.services.feature_worker.streams import admitted, view

GOOD = admitted(view())
ONE, OTHER = Partition("views", 1), Partition("orders", 1)


def event(partition: Partition, offset: int, *, good: bool) -> Admitted | Refused:
    record = replace(GOOD.record, partition=partition, offset=offset)
    return replace(GOOD, record=record) if good else refuse(record, "MalformedEvent: no JSON")


def partition_of(goods: list[bool], partition: Partition = ONE) -> list[Admitted | Refused]:
    return [event(partition, offset, good=good) for offset, good in enumerate(goods)]


def refused_of(events: list[Admitted | Refused]) -> list[Refused]:
    return [item for item in events if isinstance(item, Refused)]


def passed_by_ratio(events: list[Admitted | Refused], cuts: set[int], ratio: float) -> int:
    """How many of the records, in batches that begin at the cuts, are passed before the worker stops."""
    known: defaultdict[Partition, list[int]] = defaultdict(list)
    for start in range(len(events)):
        if start != 0 and start not in cuts:
            continue
        end = min((cut for cut in cuts if cut > start), default=len(events))
        refused = refused_of(events[start:end])
        try:
            check_ratio(refused, known, ratio)
        except TooManyDeadLetters:
            # Nothing of the batch was passed: by single records, as its next try might be cut.
            for item in refused:
                try:
                    check_ratio([item], known, ratio)
                except TooManyDeadLetters:
                    return item.record.offset
                known[item.record.partition].append(item.record.offset)
        for item in refused:
            known[item.record.partition].append(item.record.offset)
    return len(events)


@given(
    st.lists(st.booleans(), max_size=30),
    st.sets(st.integers(1, 29)),
    st.integers(2, 6),
    st.integers(1, 6),
)
def test_the_first_window_with_too_many_stops_the_worker(
    goods: list[bool], cuts: set[int], window: int, allowed: int
) -> None:
    too_many = [
        offset
        for offset, good in enumerate(goods)
        if not good and goods[max(0, offset - window + 1) : offset + 1].count(False) > allowed
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(limit_dead_letters, "WINDOW", window)
        assert passed_by_ratio(partition_of(goods), cuts, allowed / window) == (too_many[0] if too_many else len(goods))


def test_alternating_bad_and_good_records_stop_the_worker_early() -> None:
    """Of 50,000, none of which is the second bad one in a row."""
    events = partition_of([bool(number % 2) for number in range(50_000)])
    assert passed_by_ratio(events, set(range(500, 50_000, 500)), 0.2) == 400
    check_in_a_row(refused_of(events), {}, 1)


def test_a_hundred_bad_records_among_many_good_ones_pass() -> None:
    events = partition_of([number % 10 != 0 for number in range(5 * WINDOW)])
    assert passed_by_ratio(events, {WINDOW, 2 * WINDOW}, 0.1) == len(events)


def test_partitions_are_counted_apart() -> None:
    """Good records of another partition neither hide bad ones in a row nor do its bad ones add to them."""
    mixed = [event(*place, good=good) for place, good in zip(_interleaved(6), [False, True] * 6, strict=True)]
    with pytest.raises(TooManyDeadLetters, match="6 events in a row of views/1 were refused"):
        check_in_a_row(refused_of(mixed), {}, 5)
    both_bad = refused_of([event(*place, good=False) for place in _interleaved(5)])
    check_in_a_row(both_bad, {}, 5)
    check_ratio(both_bad, {}, 5 / WINDOW)


def _interleaved(count: int) -> list[tuple[Partition, int]]:
    return [(partition, offset) for offset in range(count) for partition in (ONE, OTHER)]


@given(st.lists(st.booleans(), max_size=40), st.integers(0, 40), st.integers(1, 5))
def test_rows_are_counted_over_batches(goods: list[bool], cut: int, limit: int) -> None:
    events = partition_of(goods)
    is_too_many = "b" * (limit + 1) in "".join("g" if good else "b" for good in goods)
    before, after = refused_of(events[:cut]), refused_of(events[cut:])
    try:
        check_in_a_row(before, {}, limit)
        check_in_a_row(after, {ONE: {item.record.offset for item in before}}, limit)
    except TooManyDeadLetters:
        assert is_too_many
    else:
        assert not is_too_many


def test_a_limit_as_long_as_the_window_is_none_however_the_records_come() -> None:
    all_bad = refused_of(partition_of([False] * (3 * WINDOW)))
    check_in_a_row(all_bad, {}, WINDOW)
    check_in_a_row(all_bad[WINDOW:], {ONE: range(WINDOW)}, WINDOW)
    with pytest.raises(TooManyDeadLetters, match="1000 events in a row"):
        check_in_a_row(all_bad[WINDOW:], {ONE: range(WINDOW)}, WINDOW - 1)
