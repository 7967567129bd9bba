"""Rows at past moments: what was known before, and what came after without what was cancelled."""

import os
import resource
from random import Random

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercast.services.shared.demand.features import Features, features_at
from ordercast.services.shared.demand.known import known_at
from ordercast.services.shared.demand.rows import (
    Rows,
    RowsRefused,
    line_rows,
    pair_rows,
    pieces_together,
    product_rows,
    weeks_told,
)
from tests.unit.services.shared.demand.histories import ROWS, START, activity, epoch, frame

FIRST = epoch(START)
ORDER, AGAIN, VIEWED = (1, 1, 10, 0, 8, 10, 0, 0, 0), (1, 1, 45, 0, 5, 10, 0, 0, 0), (2, 1, 20, 0, 0, 0, 0, 7, 0)


def test_a_pair_has_a_row_once_it_is_known_also_if_it_only_looked() -> None:
    rows = pair_rows(activity(frame([ORDER, AGAIN, VIEWED])), [FIRST + 15, FIRST + 40], 28, FIRST + 70)
    found = list(zip(rows.moment - FIRST, rows.account_id, rows.target, strict=True))
    assert found == [(15, 1, 0), (40, 1, 5), (40, 2, 0)]


def test_the_horizon_begins_with_the_moment_and_ends_before_its_last_day() -> None:
    days = [(1, 1, day, 0, 2**place, 1, 0, 0, 0) for place, day in enumerate((39, 40, 67, 68))]
    assert pair_rows(activity(frame([ORDER, *days])), [FIRST + 40], 28, FIRST + 70).target.tolist() == [2 + 4]


def test_what_is_cancelled_before_until_is_taken_off_the_target() -> None:
    cancelled = (1, 1, 45, 20, 0, 0, 3, 0, 0)
    shop = activity(frame([ORDER, AGAIN, cancelled]))
    for until, left in ((68, 2), (65, 5)):
        assert pair_rows(shop, [FIRST + 37], 28, FIRST + until).target.tolist() == [left]
        assert line_rows(shop, FIRST + 40, FIRST + 50, FIRST + until).target.tolist() == [left]


def test_a_line_of_which_nothing_is_left_is_no_row() -> None:
    rows = line_rows(activity(frame([ORDER, AGAIN, (1, 1, 45, 0, 0, 0, 5, 0, 0)])), FIRST, FIRST + 60, FIRST + 60)
    assert rows.target.tolist() == [8]


def test_a_product_has_a_row_for_each_week_that_ends_in_time() -> None:
    days = [(1, 1, day, 0, 1 + day, 1, 0, 0, 0) for day in (1, 60, 70, 76, 77, 84)]
    rows = product_rows(activity(frame(days)), [FIRST + 70], 8, FIRST + 90)
    assert rows.target.tolist() == [148, 78]
    assert rows.weeks_ahead.tolist() == [1, 2]


@pytest.mark.parametrize(("youngest_days", "found"), [(1, [1, 2, 3]), (2, [1, 2]), (29, [1])])
def test_a_product_has_rows_from_its_first_order_on_or_only_once_it_is_older(
    youngest_days: int, found: list[int]
) -> None:
    """The forecast of a product's second week was twice its first as long as no training had seen one so young."""
    first_days = {1: 30, 2: 68, 3: 69, 4: 70}  # the fourth was not ordered before the moment
    shop = activity(frame([(1, product, day, 0, 5, 1, 0, 0, 0) for product, day in first_days.items()]))
    rows = product_rows(shop, [FIRST + 70], 1, FIRST + 90, youngest_days=youngest_days)
    assert rows.product_id.tolist() == found


def test_what_ends_after_all_that_is_known_is_refused() -> None:
    with pytest.raises(RowsRefused, match="28 days from 2024-02-10 on end after 2024-03-08"):
        pair_rows(activity(frame([ORDER])), [FIRST + 40], 28, FIRST + 67)


@settings(max_examples=20)
@given(ROWS, st.integers(30, 100))
def test_a_training_row_is_what_is_answered_at_its_moment(rows: list[tuple[int, ...]], day: int) -> None:
    shop = activity(frame(rows))
    made = pair_rows(shop, [FIRST + day - 20, FIRST + day], 28, FIRST + 200)
    for place in range(0, len(made), 3):
        past = frame(rows)
        past = past[past["known_on"] < pd.Timestamp("1970-01-01") + pd.Timedelta(days=int(made.moment[place]))]
        served = Features(known_at(activity(past), int(made.moment[place])))
        one = served.of_pairs(made.account_id[place : place + 1], made.product_id[place : place + 1])
        assert one.tobytes() == made.values[place : place + 1].tobytes()


@settings(max_examples=20)
@given(ROWS, st.integers(70, 130))
def test_a_training_row_of_a_product_is_what_is_forecast_at_its_moment(rows: list[tuple[int, ...]], day: int) -> None:
    shop = activity(frame(rows))
    made = product_rows(shop, [FIRST + day], 8, FIRST + 200)
    served = Features(known_at(shop, FIRST + day)).of_products(made.product_id)
    assert served.tobytes() == made.values.tobytes()


def test_rows_as_before_are_what_a_version_of_a_release_before_is_asked_by() -> None:
    """Of a product of 5,000 pieces a line in a shop of single ones they had a level of thousands; what answered, of dozens."""
    single = [(day % 30 + 1, product, day, 0, 1, 1, 0, 0, 0) for day in range(140) for product in range(2, 22)]
    shop = activity(frame([*single, *((1, 1, day, 0, 5_000, 1, 0, 0, 0) for day in range(0, 140, 7))]))
    moment = FIRST + 140
    served = features_at(shop, moment, before=True)
    products = product_rows(shop, [moment], 1, moment + 28, before=True)
    np.testing.assert_array_equal(products.values, served.of_products(products.product_id))
    assert np.expm1(products.column("level")).max() < 100
    pairs = pair_rows(shop, [moment], 28, moment + 28, before=True)
    np.testing.assert_array_equal(pairs.values, served.of_pairs(pairs.account_id, pairs.product_id))
    lines, line_day = (
        line_rows(shop, moment - 7, moment - 6, moment, before=True),
        features_at(shop, moment - 7, before=True),
    )
    np.testing.assert_array_equal(lines.values, line_day.of_pairs(lines.account_id, lines.product_id))


@pytest.mark.parametrize(("most", "found"), [(None, 7), (7, 7), (6, 4), (2, 2), (1, 1)])
def test_of_many_pairs_every_second_or_third_has_a_row(most: int | None, found: int) -> None:
    shop = activity(frame([(account, 1, 5, 0, account, 1, 0, 0, 0) for account in range(1, 8)]))
    rows = pair_rows(shop, [FIRST + 10], 28, FIRST + 60, most=most)
    assert len(rows) == found
    assert rows.account_id[0] == 1


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 4), st.lists(st.integers(0, 9), min_size=1, max_size=8))),
    st.randoms(use_true_random=False),
)
def test_pieces_of_weeks_together_are_sums_from_the_moment_on(
    products: list[tuple[int, int, list[int]]], random: Random
) -> None:
    by_week = {
        (moment, product, week): pieces
        for moment, product, weeks in products
        for week, pieces in enumerate(weeks, start=1)
    }
    rows = list(by_week.items())
    random.shuffle(rows)
    columns = np.array([(*key, pieces) for key, pieces in rows], np.int64).reshape(-1, 4)
    moment, product, week, pieces = columns.T

    together = pieces_together(Rows((), np.zeros((len(rows), 0)), moment, product, product, week, pieces))

    assert together.tolist() == [sum(by_week[m, p, earlier] for earlier in range(1, w + 1)) for (m, p, w), _ in rows]


def test_100_000_pairs_stay_under_2_gb() -> None:
    """Peak of this process, whatever ran in it before: made-up pairs, as many as asked, at three moments."""
    random = np.random.default_rng(0)
    pairs = pd.DataFrame({"account_id": random.integers(1, 2000, 100_000), "product_id": np.arange(100_000) % 3000})
    days = pd.concat([pairs.assign(day=random.integers(0, 300, len(pairs))) for _ in range(2)])
    days["day"] = pd.Timestamp(START) + pd.to_timedelta(days["day"], unit="D")
    counts = {"quantity": 3, "amount": 6, "cancelled_quantity": 0, "views": 1, "carts": 0}
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = pair_rows(
        activity(days.assign(known_on=days["day"], **counts)), [FIRST + 200, FIRST + 230, FIRST + 260], 28, FIRST + 300
    )
    assert len(rows) > 180_000
    # ru_maxrss: kilobytes on Linux, bytes on macOS.
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1_000_000 * (
        1024 if os.uname().sysname == "Darwin" else 1
    )


def test_rows_of_one_week_of_a_product_tell_of_the_same_whatever_moment_asks() -> None:
    moment, product, week = np.array([0, 7, 14, 14, 14]), np.array([1, 1, 1, 2, 1]), np.array([3, 2, 1, 1, 2])
    rows = Rows((), np.zeros((5, 0)), moment, product, product, week, product)
    assert np.unique(weeks_told(rows), return_inverse=True)[1].tolist() == [0, 0, 0, 2, 1]
    assert np.unique(weeks_told(rows, 14), return_inverse=True)[1].tolist() == [0, 0, 0, 2, 1]
