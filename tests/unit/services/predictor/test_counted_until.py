"""Features are as old as the oldest order that is not in them yet."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.predictor.counted_until import MAX_LOOKS, CountedUntil, Numbers

START = datetime(2026, 1, 1, tzinfo=UTC)


def at(look: int) -> datetime:
    return START + timedelta(seconds=2 * look)


def looked(looks: list[tuple[int, int]]) -> list[datetime | None]:
    """What each look tells, of one shard's (given, counted)."""
    counted = CountedUntil()
    return [counted.look(at(place), Numbers({0: given}, {0: number})) for place, (given, number) in enumerate(looks)]


def test_a_worker_that_stops_keeps_the_time_of_the_last_look_that_it_has_counted() -> None:
    assert looked([(5, 5), (5, 5), (6, 5), (7, 5), (7, 6), (8, 6), (8, 8)]) == [
        at(0),
        at(1),
        None,
        None,
        at(2),
        None,
        at(6),
    ]


def test_all_shards_count() -> None:
    counted = CountedUntil()
    assert counted.look(at(0), Numbers({0: 1, 1: 9}, {0: 1})) is None
    assert counted.look(at(1), Numbers({0: 1, 1: 9}, {0: 1, 1: 9})) == at(1)


def test_nothing_ordered_is_all_counted() -> None:
    assert CountedUntil().look(at(0), Numbers({}, {})) == at(0)


def test_hours_behind_are_kept_in_a_bounded_number_of_looks() -> None:
    counted = CountedUntil()
    for look in range(5 * MAX_LOOKS):
        assert counted.look(at(look), Numbers({0: look + 1}, {0: 0})) is None
    assert len(counted._waiting) <= MAX_LOOKS
    until = counted.look(at(5 * MAX_LOOKS), Numbers({0: 9_999_999}, {0: 3 * MAX_LOOKS}))
    assert until is not None
    assert at(2 * MAX_LOOKS) < until <= at(3 * MAX_LOOKS)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_whatever_is_given_and_counted_the_time_is_that_of_the_last_look_with_no_more_given(
    steps: list[tuple[int, int]],
) -> None:
    given, counted, looks = 0, 0, list[tuple[int, int]]()
    for more, done in steps:
        given += more
        counted = min(given, counted + done)
        looks.append((given, counted))
    known: datetime | None = None
    for place, found in enumerate(looked(looks)):
        known = found or known
        settled = [look for look in range(place + 1) if looks[look][0] <= looks[place][1]]
        assert known == (at(settled[-1]) if settled else None)
