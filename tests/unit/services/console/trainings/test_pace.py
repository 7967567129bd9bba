"""What is left of a training is told by epochs that were seen to pass, and by nothing else."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.client.training_answers import Progress
from ordercast.services.console.trainings.pace import Pace

EPOCHS = 90


def left(pace: Pace, epoch: int, now: float) -> timedelta | None:
    return pace.see(Progress(epoch, EPOCHS), now)


@given(st.integers(0, 40), st.floats(0, 1e5), st.floats(0.01, 1e3), st.integers(2, 40))
def test_neither_a_wait_nor_what_was_not_seen_counts(first: int, waited: float, each: float, seen: int) -> None:
    pace = Pace()
    assert left(pace, first, 0) is None
    assert left(pace, first, waited) is None
    assert left(pace, first + 1, waited) is None
    told = [left(pace, first + 1 + number, waited + number * each) for number in range(1, seen)]
    expected = [(EPOCHS - first - 1 - number) * each for number in range(1, seen)]
    assert [one.total_seconds() for one in told if one] == pytest.approx(expected, rel=1e-3, abs=1e-3)


def test_one_that_starts_anew_is_measured_anew() -> None:
    pace = Pace()
    assert [left(pace, epoch, 100.0 * epoch) for epoch in (0, 1, 2)][-1] == timedelta(seconds=88 * 100)
    assert [left(pace, epoch, 500.0 + 2 * epoch) for epoch in (0, 1)] == [None, None]
    assert left(pace, 3, 506) == timedelta(seconds=87 * 2)


def test_while_no_epoch_passes_nothing_changes_and_after_the_last_one_nothing_is_told() -> None:
    pace = Pace()
    told = [left(pace, epoch, float(now)) for now, epoch in enumerate((87, 88, 89, 89, 90, 90))]
    assert told == [None, None, timedelta(seconds=1), timedelta(seconds=1), None, None]
