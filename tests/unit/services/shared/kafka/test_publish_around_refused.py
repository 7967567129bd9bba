"""Whatever records are refused, all others arrive in their order, and each refused one is found by itself, in few requests."""

from collections.abc import Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ordercast.services.shared.kafka.errors import BrokerUnavailable, RecordRefused
from ordercast.services.shared.kafka.memory import MemoryLog
from ordercast.services.shared.kafka.publish_around_refused import publish_around_refused
from ordercast.services.shared.kafka.records import Record


class CountingLog(MemoryLog):
    """Splits batches as the real publisher does, by size, and counts what it is asked."""

    def __init__(self, bad: set[int], largest_batch: int) -> None:
        super().__init__(lambda record: "bad" if int(record.value or b"") in bad else None)
        self._largest_batch = largest_batch
        self.requests = 0
        self.handed_over = 0

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        self.requests += 1
        self.handed_over += len(records)
        for start in range(0, len(records), self._largest_batch):
            try:
                await super().publish(topic, partition, records[start : start + self._largest_batch])
            except RecordRefused as refused:
                raise RecordRefused(str(refused), arrived=start) from None


@given(st.integers(1, 300), st.sets(st.integers(0, 299)), st.integers(1, 60))
@example(10_000, {9_999}, 3_000)
@example(1_024, set(range(1_024)), 1_024)
async def test_no_range_is_sent_twice(count: int, bad: set[int], largest_batch: int) -> None:
    log = CountingLog(bad := {number for number in bad if number < count}, largest_batch)
    records = [Record(b"", str(number).encode(), [], 0) for number in range(count)]
    named, done = [], 0
    async for arrived, refusal in publish_around_refused(lambda a, z: log.publish("t", 0, records[a:z]), count):
        done += arrived
        if refusal is not None:
            named.append(done)
            done += 1
    assert (done, named) == (count, sorted(bad))
    assert [int(stored.value or b"") for stored in log.records("t", 0)] == [n for n in range(count) if n not in bad]
    levels = (count - 1).bit_length()
    assert log.requests <= min(1 + 2 * len(bad) * levels, 2 * count)
    assert log.handed_over <= count * (1 + min(2 * len(bad), levels))


@given(st.integers(1, 40), st.none() | st.integers(0, 39), st.integers(0, 39))
@example(8, 7, 7)
async def test_a_broker_that_goes_away_leaves_the_count_of_what_has_arrived(
    count: int, bad: int | None, answered: int
) -> None:
    class GoingAway(CountingLog):
        async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
            room = answered - len(self.records(topic, partition))
            await super().publish(topic, partition, records[:room])
            if len(records) > room:
                raise BrokerUnavailable("away", arrived=room)

    log = GoingAway(set() if bad is None else {bad}, largest_batch=1)
    records = [Record(b"", str(number).encode(), [], 0) for number in range(count)]
    good = sum(number != bad for number in range(count))
    arrived = 0

    async def publish_all() -> None:
        nonlocal arrived
        async for outcome in publish_around_refused(lambda a, z: log.publish("t", 0, records[a:z]), count):
            arrived += outcome.arrived

    # One that would be refused, and is the last, does not come to that either.
    if answered < good or answered == bad == count - 1:
        with pytest.raises(BrokerUnavailable):
            await publish_all()
    else:
        await publish_all()
    assert arrived == len(log.records("t", 0)) == min(answered, good)
