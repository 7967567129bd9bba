"""How fast a counter grows, and when a backlog is gone."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.console.flow.rates import Drain, Point, drain, rate, slope

LOOKS = st.lists(st.floats(0.1, 30.0), min_size=2, max_size=20)
GROWN = st.lists(st.integers(0, 1_000), min_size=20, max_size=20)


def points(steps: list[float], values: list[float]) -> list[Point]:
    times = [sum(steps[:count]) for count in range(len(steps))]
    return [Point(at_s, value) for at_s, value in zip(times, values, strict=False)]


@given(LOOKS, GROWN, st.integers(0, 19))
def test_a_counter_that_began_anew_loses_nothing_but_what_came_before_the_next_look(
    steps: list[float], grown: list[int], restarted: int
) -> None:
    counted = [sum(grown[1 : count + 1]) for count in range(len(steps))]
    whole = points(steps, [float(value) for value in counted])
    fallen = (
        [value - counted[restarted] if place >= restarted else value for place, value in enumerate(counted)]
        if (0 < restarted < len(steps))
        else counted
    )
    found, after = rate([whole]), rate([points(steps, [float(value) for value in fallen])])
    assert found is not None
    assert after is not None
    assert found == pytest.approx((counted[-1] - counted[0]) / (whole[-1].at_s - whole[0].at_s))
    assert 0 <= after <= found + 1e-9


def test_one_look_says_nothing() -> None:
    assert rate([]) is None
    assert rate([[Point(0, 3)], [Point(2, 4)]]) is None
    assert rate([[Point(0, 3), Point(0, 4)]]) is None
    assert slope([Point(0, 3), Point(1, 4)]) is None
    assert drain([Point(0, 3), Point(1, 4)]) is None
    assert drain([]) is None


@given(LOOKS.filter(lambda steps: len(steps) > 2), st.floats(0.1, 1_000.0), st.floats(1.0, 100_000.0))
def test_a_backlog_that_shrinks_evenly_is_gone_when_it_says(steps: list[float], pace: float, left: float) -> None:
    last_s = sum(steps[:-1])
    backlog = points(steps, [left + pace * (last_s - sum(steps[:count])) for count in range(len(steps))])
    found = drain(backlog)
    assert found is not None
    assert found.left_s == pytest.approx(left / pace, rel=1e-3)


@given(LOOKS.filter(lambda steps: len(steps) > 2), st.floats(0.1, 1_000.0))
def test_one_that_grows_has_no_end(steps: list[float], pace: float) -> None:
    backlog = points(steps, [1 + pace * sum(steps[:count]) for count in range(len(steps))])
    assert drain(backlog) == Drain(waits=True, grows=True)


def test_where_nothing_waits_nothing_is_left_to_do() -> None:
    assert drain([Point(0, 9), Point(1, 0)]) == Drain(waits=False)
    assert drain([Point(0, 9), Point(1, 9), Point(2, 9)]) == Drain(waits=True)
