"""Versions by when they were trained: in order, within the picture, and named where there is room."""

from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.console.models.over_time import (
    BOTTOM,
    DAY_APART,
    LEFT,
    NAME_APART,
    RIGHT,
    TOP,
    Judged,
    over_time,
)
from ordercast.services.console.texts import environments

# Left of the picture, in its size of letters.
MOST_SIGNS = 7
FIRST = datetime(2026, 1, 1, 4, tzinfo=UTC)
TEN_YEARS_S = 10 * 365 * 86_400
MOMENTS = st.integers(0, TEN_YEARS_S).map(lambda seconds: FIRST + timedelta(seconds=seconds))


@st.composite
def versions(draw: st.DrawFn) -> list[Judged]:
    told = draw(st.lists(st.tuples(MOMENTS, st.floats(0, 1e3)), min_size=1, max_size=50))
    serves = draw(st.integers(-1, len(told) - 1))
    return [Judged(f"v{number}", at, value, number == serves) for number, (at, value) in enumerate(told)]


@given(versions())
def test_each_version_is_there_in_order_and_names_and_days_do_not_run_into_each_other(judged: list[Judged]) -> None:
    found = over_time("pair", judged)
    assert sorted(dot.of.version for dot in found.dots) == sorted(one.version for one in judged)
    assert all(one.of.trained_at <= other.of.trained_at and one.x <= other.x for one, other in pairwise(found.dots))
    assert all(LEFT <= dot.x <= RIGHT and TOP <= dot.y <= BOTTOM for dot in found.dots)
    named = [dot.x for dot in found.dots if dot.is_named]
    assert named
    assert all(other - one >= NAME_APART for one, other in pairwise(named))
    assert all(dot.is_named for dot in found.dots if dot.of.serves)
    days = [day for _, day in found.days]
    assert days == sorted(set(days))
    assert all(other - one >= DAY_APART for (one, _), (other, _) in pairwise(found.days))
    assert [level for _, level in found.levels] == sorted(level for _, level in found.levels)


@pytest.mark.parametrize("count", [1, 2, 30])
def test_one_version_and_thirty_of_as_many_days_are_all_named(count: int) -> None:
    judged = [Judged(f"v{number}", FIRST + timedelta(days=number), 0.9 - number / 100) for number in range(count)]
    found = over_time("pair", judged)
    assert found.unnamed == 0
    assert found.days[0][1] == FIRST.date()
    assert found.days[-1][1] == (FIRST + timedelta(days=count - 1)).date()


def test_less_stands_lower_and_what_took_longer_farther_apart() -> None:
    days, values = (0, 10, 40), (0.8, 0.6, 0.7)
    told = zip(days, values, strict=True)
    found = over_time("pair", [Judged(f"v{day}", FIRST + timedelta(days=day), value) for day, value in told])
    first, best, last = found.dots
    assert first.y < last.y < best.y
    assert (last.x - best.x) == pytest.approx(3 * (best.x - first.x))
    assert list(found.values) == [0.8, 0.6, 0.7]


@given(st.lists(st.floats(0, 800_000), min_size=1, max_size=9))
def test_levels_have_room_beside_the_picture(values: list[float]) -> None:
    found = over_time("pair", [Judged(f"v{number}", FIRST, value) for number, value in enumerate(values)])
    number = environments()["en"].filters["number"]
    assert all(len(number(level, found.decimals)) <= MOST_SIGNS for _, level in found.levels)
