"""Sums of what was known: no quantity counts above the shop's own large ones."""

import numpy as np

from ordercast.services.shared.demand.known import known_at
from tests.unit.services.shared.demand.histories import START, activity, epoch, frame


def test_the_largest_of_few_quantities_counts_as_four_times_the_second_largest() -> None:
    rows = [(1, 1, day, 0, quantity, 1, 0, 0, 0) for day, quantity in enumerate([3, 9, 1_000_000])]
    assert known_at(activity(frame(rows)), epoch(START) + 10).cap == 4 * 9


def test_of_thousands_the_largest_in_a_hundred_do_not_count_for_where_quantities_are_held() -> None:
    rows = [(1 + day % 50, 1 + day // 50, 1, 0, 1 + day, 1, 0, 0, 0) for day in range(3000)]
    assert known_at(activity(frame(rows)), epoch(START) + 10).cap == 4 * 2970


def test_in_a_small_shop_that_had_some_huge_orders_one_more_moves_nothing() -> None:
    rows = [(1 + day % 50, 1 + day // 50, 1, 0, 1 + day % 20, 1, 0, 0, 0) for day in range(1000)]
    huge = [(number, 90, 2, 0, 30_000 * number, 1, 0, 0, 0) for number in (1, 2, 3)]
    caps = [known_at(activity(frame([*rows, *huge[:some]])), epoch(START) + 10).cap for some in range(4)]
    assert caps == [80] * 4


def test_before_everything_nothing_is_known() -> None:
    known = known_at(activity(frame([(1, 1, 5, 0, 3, 1, 0, 0, 0)])), epoch(START))
    assert (known.cap, len(known.days.pair)) == (0, 0)
    np.testing.assert_array_equal(known.factor, [0, 0])
