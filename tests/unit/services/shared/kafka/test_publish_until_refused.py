"""Whatever records are refused, all others arrive in their order, and each refused one is found by itself."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.shared.kafka.errors import RecordRefused
from ordercast.services.shared.kafka.memory import MemoryLog
from ordercast.services.shared.kafka.publish_until_refused import publish_until_refused
from ordercast.services.shared.kafka.records import Record


class CountingLog(MemoryLog):
    """Splits batches as the real publisher does, by size, and counts what it is asked."""

    def __init__(self, bad: set[int], largest_batch: int) -> None:
        super().__init__(lambda record: "bad" if int(record.value or b"") in bad else None)
        self._largest_batch = largest_batch
        self.requests = 0

    async def publish(self, topic: str, partition: int, records: Sequence[Record]) -> None:
        self.requests += 1
        for start in range(0, len(records), self._largest_batch):
            try:
                await super().publish(topic, partition, records[start : start + self._largest_batch])
            except RecordRefused as refused:
                raise RecordRefused(str(refused), arrived=start) from None


@given(st.integers(0, 60), st.sets(st.integers(0, 60)), st.integers(1, 60))
async def test_every_good_record_arrives_once_and_every_bad_one_is_named(
    count: int, bad: set[int], largest_batch: int
) -> None:
    log = CountingLog(bad, largest_batch)
    records = [Record(b"", str(number).encode(), [], 0) for number in range(count)]
    done, named = 0, []
    while done < count:
        requests = log.requests
        arrived, refusal = await publish_until_refused(log, "t", 0, records[done:])
        assert log.requests - requests <= 2 * count.bit_length() + 1
        done += arrived
        if refusal is not None:
            named.append(done)
            done += 1
    assert named == sorted(number for number in bad if number < count)
    assert [int(stored.value or b"") for stored in log.records("t", 0)] == [n for n in range(count) if n not in bad]
