"""When a worker counts as stuck."""

import asyncio

import pytest
from prometheus_client import REGISTRY

from ordercast.services.feature_worker.errors import Stuck
from ordercast.services.feature_worker.watchdog import SWITCH_S, WAY_OUT_S, Progress, Watchdog
from ordercast.services.shared.kafka.errors import BrokerUnavailable
from ordercast.services.shared.kafka.memory import MemoryConsumer, MemoryLog
from ordercast.services.shared.kafka.records import Partition, Record

PARTITION = Partition("orders", 0)
OTHER = Partition("views", 0)


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def progress(clock: Clock) -> Progress:
    return Progress(stuck_after_s=60, clock=clock)


def test_a_backlog_that_does_not_move_is_an_alarm(progress: Progress, clock: Clock) -> None:
    progress.applied = {PARTITION: 5}
    assert progress.look({PARTITION: 8}) == {PARTITION: 3}
    clock.now += 60
    progress.look({PARTITION: 9})
    clock.now += 1
    with pytest.raises(Stuck, match=r"4 events wait in orders/0, and its position 5 has not moved for 60 s"):
        progress.look({PARTITION: 9})


def test_a_backlog_that_moves_is_none_however_large_it_is(progress: Progress, clock: Clock) -> None:
    for position in range(10):
        progress.applied = {PARTITION: position}
        assert progress.look({PARTITION: 1_000_000}) == {PARTITION: 1_000_000 - position}
        clock.now += 59


def test_one_partition_that_stands_still_is_seen_among_others_that_move(progress: Progress, clock: Clock) -> None:
    """After the turn of each of these: in a long backlog of many partitions a round takes a while."""
    for position in range(7):
        progress.applied = {PARTITION: position, OTHER: 3}
        progress.look({PARTITION: 1_000, OTHER: 4})
        clock.now += 20
    progress.applied = {PARTITION: 7, OTHER: 3}
    with pytest.raises(Stuck, match=r"views/0, and its position 3 has not moved for 120 s"):
        progress.look({PARTITION: 1_000, OTHER: 4})


def test_where_nothing_moves_partitions_are_no_excuse_for_each_other(progress: Progress, clock: Clock) -> None:
    progress.applied = {PARTITION: 5, OTHER: 3}
    progress.look({PARTITION: 8, OTHER: 4})
    clock.now += 61
    with pytest.raises(Stuck, match="for 60 s"):
        progress.look({PARTITION: 8, OTHER: 4})


def test_a_partition_without_backlog_may_stand_still(progress: Progress, clock: Clock) -> None:
    progress.applied = {PARTITION: 5}
    for _ in range(5):
        assert progress.look({PARTITION: 5}) == {PARTITION: 0}
        clock.now += 100


def test_the_time_begins_anew_when_the_backlog_does(progress: Progress, clock: Clock) -> None:
    progress.applied = {PARTITION: 5}
    progress.look({PARTITION: 6})
    clock.now += 50
    progress.applied = {PARTITION: 6}
    progress.look({PARTITION: 6})
    clock.now += 50
    progress.look({PARTITION: 7})
    clock.now += 50
    progress.look({PARTITION: 7})


def test_a_broker_may_be_away_for_a_while_and_no_longer(progress: Progress, clock: Clock) -> None:
    clock.now += 60
    progress.miss(BrokerUnavailable("away"))
    clock.now += 1
    with pytest.raises(Stuck, match="Kafka has not answered for 60 s: away"):
        progress.miss(BrokerUnavailable("away"))


async def test_the_watchdog_shows_lag_and_positions_and_says_that_it_lives(progress: Progress) -> None:
    log = MemoryLog()
    await log.publish("orders", 0, [Record(b"", b"", [], 0)] * 3)
    consumer = await _placed(log)
    put_off: list[float] = []

    def switch(seconds: float) -> None:
        put_off.append(seconds)
        stopping.set()

    progress.applied = {PARTITION: 1}
    stopping = asyncio.Event()
    await Watchdog(consumer, progress, switch).run(stopping)
    assert put_off == [SWITCH_S]
    assert consumer.shown == {PARTITION: 1}
    labels = {"topic": "orders", "partition": "0"}
    assert REGISTRY.get_sample_value("ordercast_worker_lag_events", labels) == 2
    assert REGISTRY.get_sample_value("ordercast_worker_lag_seconds", labels) == 0


async def test_a_silent_broker_makes_the_worker_unready_and_then_stuck(progress: Progress, clock: Clock) -> None:
    log, put_off = MemoryLog(), list[float]()
    watchdog = Watchdog(await _placed(log), progress, put_off.append)
    log.available = False
    await watchdog.look()
    await watchdog.ask_kafka()
    clock.now += 30
    with pytest.raises(BrokerUnavailable, match="has not answered for 30 s"):
        await watchdog.ask_kafka()
    clock.now += 31
    with pytest.raises(Stuck):
        await watchdog.run(asyncio.Event())
    assert put_off == [WAY_OUT_S]


async def _placed(log: MemoryLog) -> MemoryConsumer:
    async def beginning(_: object) -> dict[Partition, int]:
        return {PARTITION: 0}

    consumer = MemoryConsumer(log, [PARTITION], beginning)
    await consumer.poll(max_records=1, timeout_s=0)
    return consumer
