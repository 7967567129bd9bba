"""How long events have waited, from what is seen of the partitions' ends."""

from ordercast.services.feature_worker.lag_seconds import MAX_SIGHTINGS, LagSeconds
from ordercast.services.shared.kafka.records import Partition

PARTITION = Partition("orders", 0)
OTHER = Partition("views", 0)


def waited(lag: LagSeconds, position: int, end: int, now: float) -> float:
    return lag.look({PARTITION: position}, {PARTITION: end}, now)[PARTITION]


def test_a_worker_that_has_applied_all_lags_by_nothing() -> None:
    lag = LagSeconds()
    assert [waited(lag, 5, 5, now) for now in (0, 10, 20)] == [0, 0, 0]


def test_events_wait_from_the_moment_that_they_were_seen() -> None:
    lag = LagSeconds()
    assert [waited(lag, 5, 8, now) for now in (100, 102, 130)] == [0, 2, 30]


def test_what_comes_later_does_not_make_the_oldest_younger_and_is_the_oldest_once_that_is_applied() -> None:
    lag = LagSeconds()
    waited(lag, 5, 8, 100)
    assert waited(lag, 5, 20, 110) == 10
    assert waited(lag, 7, 20, 112) == 12
    assert waited(lag, 8, 20, 114) == 4
    assert waited(lag, 20, 20, 116) == 0
    assert waited(lag, 20, 21, 118) == 0


def test_partitions_are_told_apart_and_forgotten_when_another_worker_has_them() -> None:
    lag = LagSeconds()
    lag.look({PARTITION: 0, OTHER: 0}, {PARTITION: 1, OTHER: 0}, 100)
    assert lag.look({PARTITION: 0, OTHER: 0}, {PARTITION: 1, OTHER: 1}, 110) == {PARTITION: 10, OTHER: 0}
    assert lag.look({OTHER: 0}, {OTHER: 1}, 120) == {OTHER: 10}
    assert lag.look({PARTITION: 0, OTHER: 0}, {PARTITION: 1, OTHER: 1}, 130) == {PARTITION: 0, OTHER: 20}


def test_a_backlog_that_grows_for_days_keeps_its_oldest_moment_in_bounded_memory() -> None:
    lag = LagSeconds()
    for now in range(3 * MAX_SIGHTINGS):
        assert waited(lag, 0, now + 1, now) == now
    assert len(lag._sightings[PARTITION]) <= MAX_SIGHTINGS
