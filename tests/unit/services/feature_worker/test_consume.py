"""The loop: what it waits out, what it gives up on, and that it stops between two batches."""

import asyncio
from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import pytest
from asyncpg import CannotConnectNowError
from prometheus_client import REGISTRY
from sqlalchemy.exc import DBAPIError, ProgrammingError

from ordercast.services.feature_worker import consume
from ordercast.services.feature_worker.consume import ConsumeEvents
from ordercast.services.feature_worker.errors import PositionMoved, Stuck, TooManyDeadLetters
from ordercast.services.feature_worker.record_features import Recorded
from ordercast.services.feature_worker.watchdog import Progress
from ordercast.services.shared.kafka.errors import PositionOutsideLog, RecordRefused
from ordercast.services.shared.kafka.memory import MemoryConsumer, MemoryLog
from ordercast.services.shared.kafka.ports import Slice
from ordercast.services.shared.kafka.records import Partition, Record

PARTITION = Partition("orders", 0)


class Table:
    """A table of which only the position matters. `errors` come one for each call, before anything is recorded."""

    def __init__(self, errors: Sequence[Exception] = ()) -> None:
        self.position = 0
        self.errors = list(errors)
        self.recorded: list[int] = []

    async def place(self, partitions: Collection[Partition]) -> Mapping[Partition, int]:
        return dict.fromkeys(partitions, self.position)

    async def record(self, slices: Sequence[Slice]) -> Recorded:
        if self.errors:
            raise self.errors.pop(0)
        (piece,) = slices
        assert piece.start == self.position
        self.position = piece.end
        self.recorded += [record.offset for record in piece.records]
        return Recorded(Counter(orders=len(piece.records)), Counter(), Counter())


class Worker:
    """A loop over a log of ten records, two at a time."""

    def __init__(self, table: Table, *, give_up_after_s: float = 60.0, alarm_shown_s: float = 0.0) -> None:
        self.log, self.table, self.progress = MemoryLog(), table, Progress(60)
        consumer = MemoryConsumer(self.log, [PARTITION], table.place)
        self.loop = ConsumeEvents(
            consumer,
            table.record,
            self.progress,
            max_records=2,
            give_up_after_s=give_up_after_s,
            alarm_shown_s=alarm_shown_s,
        )

    async def run_until(self, position: int) -> None:
        await self.log.publish("orders", 0, [Record(b"", b"", [], 0)] * 10)
        stopping = asyncio.Event()
        task = asyncio.create_task(self.loop.run(stopping))
        while self.table.position < position and not task.done():
            await asyncio.sleep(0.001)
        stopping.set()
        await task


@pytest.fixture(autouse=True)
def _no_long_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(consume, "FIRST_PAUSE_S", 0.001)


def lost_connection() -> DBAPIError:
    return DBAPIError("COMMIT", {}, ConnectionResetError("gone"), connection_invalidated=True)


async def test_every_record_is_recorded_in_order() -> None:
    worker = Worker(Table())
    await worker.run_until(10)
    assert worker.table.recorded == list(range(10))
    assert worker.progress.applied == {PARTITION: 10}


async def test_a_database_that_is_away_is_waited_for() -> None:
    starting = CannotConnectNowError("the database system is starting up")
    worker = Worker(Table([lost_connection(), ConnectionRefusedError(), TimeoutError(), starting]))
    await worker.run_until(10)
    assert worker.table.recorded == list(range(10))


async def test_after_a_lost_answer_to_a_commit_it_goes_on_where_the_database_says() -> None:
    class Committed(Table):
        async def record(self, slices: Sequence[Slice]) -> Recorded:
            recorded = await super().record(slices)
            if self.position == 4:
                raise lost_connection()
            return recorded

    worker = Worker(Committed())
    await worker.run_until(10)
    assert worker.table.recorded == list(range(10))


async def test_a_position_that_another_took_is_read_again() -> None:
    worker = Worker(Table([PositionMoved(PARTITION, 0, 6)]))
    worker.table.position = 6
    await worker.run_until(10)
    assert worker.table.recorded == [6, 7, 8, 9]


async def test_a_database_that_stays_away_is_an_alarm() -> None:
    worker = Worker(Table([lost_connection() for _ in range(1_000)]), give_up_after_s=0.05)
    with pytest.raises(Stuck, match="no way on for 0 s"):
        await worker.run_until(10)


@pytest.mark.parametrize("error", [RecordRefused("too large"), ProgrammingError("SELECT", {}, Exception())])
async def test_what_does_not_pass_stops_the_loop(error: Exception) -> None:
    worker = Worker(Table([error]))
    with pytest.raises(type(error)):
        await worker.run_until(10)
    assert worker.table.recorded == []


def shown_alarms() -> float:
    return REGISTRY.get_sample_value("ordercast_worker_alarms_total", {"kind": "dead_letter_refused"}) or 0


async def test_an_alarm_that_no_restart_ends_is_shown_until_somebody_asks_the_worker_to_stop() -> None:
    worker = Worker(Table([RecordRefused("too large")]), alarm_shown_s=60)
    await worker.log.publish("orders", 0, [Record(b"", b"", [], 0)] * 10)
    before, stopping = shown_alarms(), asyncio.Event()
    await worker.loop.check()
    task = asyncio.create_task(worker.loop.run(stopping))
    async with asyncio.timeout(10):
        while shown_alarms() == before:
            await asyncio.sleep(0.001)
    with pytest.raises(RecordRefused):
        await worker.loop.check()
    assert not task.done()
    assert worker.progress.applied == {PARTITION: 0}, "what waits is to be seen"
    stopping.set()
    with pytest.raises(RecordRefused):
        await task
    assert shown_alarms() == before + 1


async def test_an_alarm_that_a_restart_may_end_holds_nothing_up() -> None:
    before = shown_alarms()
    worker = Worker(Table([lost_connection() for _ in range(1_000)]), give_up_after_s=0.05, alarm_shown_s=60)
    async with asyncio.timeout(10):
        with pytest.raises(Stuck):
            await worker.run_until(10)
    await worker.loop.check()
    assert shown_alarms() == before


async def test_refused_events_are_counted_by_topic_and_class() -> None:
    class Refusing(Table):
        async def record(self, slices: Sequence[Slice]) -> Recorded:
            await super().record(slices)
            return Recorded(Counter(), Counter(), Counter({("orders", "MalformedEvent"): 2}))

    labels = {"topic": "orders", "reason": "MalformedEvent"}
    before = REGISTRY.get_sample_value("ordercast_worker_dead_letters_total", labels)
    assert before is not None, "counts from 0, so that the first refusal is an increase"
    await Worker(Refusing()).run_until(10)
    assert REGISTRY.get_sample_value("ordercast_worker_dead_letters_total", labels) == before + 10


async def test_too_many_refused_events_raise_the_alarm_and_stop_nothing() -> None:
    class Refusing(Table):
        async def record(self, slices: Sequence[Slice]) -> Recorded:
            await super().record(slices)
            return Recorded(Counter(), Counter(), Counter(), TooManyDeadLetters("101 events in a row"))

    kind = {"kind": "too_many_dead_letters"}
    before = REGISTRY.get_sample_value("ordercast_worker_alarms_total", kind)
    assert before is not None, "counts from 0, so that the first alarm is an increase"
    worker = Worker(Refusing(), alarm_shown_s=60)
    await worker.run_until(10)
    assert worker.table.recorded == list(range(10))
    assert REGISTRY.get_sample_value("ordercast_worker_alarms_total", kind) == before + 5


async def test_a_log_that_begins_after_the_position_is_loss_and_stops_the_loop() -> None:
    worker = Worker(Table())
    worker.log.delete_before(PARTITION, 1)
    with pytest.raises(PositionOutsideLog, match="orders/0 is to be read from 0, but its log goes from 1 to 10"):
        await worker.run_until(10)


async def test_a_stop_waits_for_the_batch_at_hand_and_takes_no_other() -> None:
    begun, allowed = asyncio.Event(), asyncio.Event()

    class Slow(Table):
        async def record(self, slices: Sequence[Slice]) -> Recorded:
            begun.set()
            await allowed.wait()
            return await super().record(slices)

    worker = Worker(Slow())
    await worker.log.publish("orders", 0, [Record(b"", b"", [], 0)] * 10)
    stopping = asyncio.Event()
    task = asyncio.create_task(worker.loop.run(stopping))
    await begun.wait()
    stopping.set()
    await asyncio.sleep(0.01)
    assert not task.done()
    allowed.set()
    await task
    assert worker.table.recorded == [0, 1]
