"""Intervals follow a shop that drifts after the training, by what came to be known until then and by nothing else."""

from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.contracts.demand_manifest import Question
from ordercast.services.shared.demand.activity import Activity, Ints, activity_of
from ordercast.services.shared.demand.adaptive_tails import WINDOW_DAYS
from ordercast.services.shared.demand.calibrate_demand import calibrations_of, scored_of
from ordercast.services.shared.demand.conformal import Calibration, most_pieces, thresholds
from ordercast.services.shared.demand.demand_model import DemandModel
from ordercast.services.shared.demand.intervals import intervals
from ordercast.services.shared.demand.load_demand_model import demand_model
from ordercast.services.shared.demand.recalibrate import (
    PAIR_STEP,
    calibration_day,
    pair_moments,
    product_moments,
    recalibrated,
)
from ordercast.services.shared.demand.rows import pair_rows, product_rows
from tests.support.demand_versions import demand_version

HORIZON = 28
UNTIL = 400
# Days after the training in which everybody orders four times as much.
DRIFT = 12 * 7


@cache
def model() -> DemandModel:
    """Networks that say what the levels say, calibrated by random numbers."""
    return demand_model(*demand_version())


@cache
def columns() -> dict[str, Ints]:
    """Orders of 30 accounts of 12 products, and four times as many pieces from `UNTIL` on."""
    random = np.random.default_rng(5)
    days = np.sort(random.integers(0, UNTIL + DRIFT, 12_000))
    pieces = random.integers(1, 9, len(days)) * np.where(days >= UNTIL, 4, 1)
    nothing = np.zeros(len(days), np.int64)
    return {
        "account_id": random.integers(1, 31, len(days)),
        "product_id": random.integers(1, 13, len(days)),
        "day": days,
        "known_on": days,
        "orders": nothing + 1,
        "order_lines": nothing + 1,
        "first_lines": nothing + 1,
        "quantity": pieces,
        "amount": pieces * 10_000,
        "cancelled_quantity": nothing,
        "views": nothing,
        "carts": nothing,
    }


@cache
def shop(known_before: int = UNTIL + DRIFT) -> Activity:
    known = columns()["known_on"] < known_before
    return activity_of({name: column[known] for name, column in columns().items()})


def made(day: int, activity: Activity | None = None) -> dict[str, Calibration]:
    return dict(recalibrated(model(), activity or shop(), UNTIL, day, HORIZON))


def same(one: Calibration, other: Calibration) -> bool:
    return all((array == other.arrays()[name]).all() for name, array in one.arrays().items())


def test_a_week_of_a_product_counts_once_however_many_moments_asked_for_it() -> None:
    rows = product_rows(shop(), range(UNTIL - 56, UNTIL, 7), 8, UNTIL)
    found = calibrations_of(model(), {"product": rows})
    assert (found["week"].rows[-1], found["week"].cells[-1]) == (len(rows), 12 * 8) == (12 * 36, 96)
    assert found["stock"].cells[-1] < found["stock"].rows[-1] == len(rows)


def test_on_the_day_of_the_training_it_is_the_training_s_own() -> None:
    held_out: Any = {
        "pair": pair_rows(shop(), [UNTIL - HORIZON], HORIZON, UNTIL),
        "product": product_rows(shop(), range(UNTIL - 56, UNTIL, 7), 8, UNTIL),
    }
    of_training = calibrations_of(model(), held_out)
    assert all(same(made(UNTIL)[kind], calibration) for kind, calibration in of_training.items())


def test_intervals_hold_again_after_all_orders_have_grown() -> None:
    day = UNTIL + DRIFT - 7
    rows = product_rows(shop(), [day], 1, day + 7)
    said, groups = model().said_of_week(rows.values, 1)

    def held(calibrations: dict[str, Calibration]) -> float:
        week = calibrations["week"]
        low, high = intervals(said, thresholds(week, groups, 0.9), most_pieces(week, groups))
        return float(((low <= rows.target) & (rows.target <= high)).mean())

    def width(calibrations: dict[str, Calibration]) -> float:
        week = calibrations["week"]
        low, high = intervals(said, thresholds(week, groups, 0.9), most_pieces(week, groups))
        return float((high - low).mean())

    assert held(made(day)) >= 0.8
    # Levels have followed by then, so what was held out before is no longer needed to be in.
    assert width(made(UNTIL + 14)) > width(made(UNTIL))


@pytest.mark.parametrize("day", [UNTIL, UNTIL + 14, UNTIL + DRIFT - 7])
def test_nothing_is_used_that_came_later(day: int) -> None:
    then, later = made(day, shop(day)), made(day)
    assert all(same(then[kind], later[kind]) for kind in ("pair", "week", "stock"))


def test_lines_keep_the_training_s() -> None:
    assert made(UNTIL + 14)["line"] is model().calibrations["line"]


def test_a_version_of_a_release_before_is_calibrated_by_the_features_that_it_is_asked_by() -> None:
    times = np.where((columns()["account_id"] == 3) & (columns()["product_id"] == 3), 4_000, 1)
    large = columns() | {name: columns()[name] * times for name in ("quantity", "amount")}
    some, then, now = activity_of(large), replace(model(), before=True), model()
    held_out: dict[bool, Any] = {
        before: {
            "pair": pair_rows(some, [UNTIL - HORIZON], HORIZON, UNTIL, before=before),
            "product": product_rows(some, range(UNTIL - 56, UNTIL, 7), 8, UNTIL, before=before),
        }
        for before in (True, False)
    }
    for version in (then, now):
        found = recalibrated(version, some, UNTIL, UNTIL, HORIZON)
        wanted, other = (calibrations_of(version, held_out[before]) for before in (version.before, not version.before))
        assert all(same(found[kind], calibration) for kind, calibration in wanted.items())
        assert not any(same(found[kind], calibration) for kind, calibration in other.items())


def test_a_shop_without_orders_lately_changes_nothing() -> None:
    day = UNTIL + DRIFT + WINDOW_DAYS
    assert made(day + 1) == model().calibrations
    assert made(day - 1)["pair"] is not model().calibrations["pair"]


def test_too_few_rows_change_nothing() -> None:
    small = columns()
    few = activity_of(
        {name: column[small["product_id"] * 31 + small["account_id"] == 40] for name, column in small.items()}
    )
    assert made(UNTIL + 14, few) == model().calibrations


def test_it_is_made_anew_each_week_after_the_training() -> None:
    days = [calibration_day(moment, UNTIL) for moment in range(UNTIL - 3, UNTIL + 15)]
    assert days == [UNTIL] * 10 + [UNTIL + 7] * 7 + [UNTIL + 14]


@given(st.integers(0, 40), st.sampled_from([7, 14, 28, 56]))
def test_moments_are_those_whose_outcome_came_to_be_known_in_the_window(weeks_after: int, horizon: int) -> None:
    """Of products also those of the calibrations of the weeks before, whose intervals are looked at."""
    day = UNTIL + 7 * weeks_after
    every = range(UNTIL - horizon, day, PAIR_STEP)
    wanted = [moment for moment in every if day - WINDOW_DAYS < moment + horizon <= day]
    assert list(pair_moments(UNTIL, day, horizon)) == wanted
    weeks = [
        moment
        for moment in range(UNTIL - 56, day, 7)
        if any(
            calibrated - WINDOW_DAYS < moment + 7 * ahead <= calibrated
            for calibrated in range(max(UNTIL, day - WINDOW_DAYS), day + 1, 7)
            for ahead in range(1, 9)
        )
    ]
    assert list(product_moments(UNTIL, day)) == weeks


@pytest.mark.parametrize("question", ["pair", "line"])
def test_pairs_and_lines_are_told_apart_by_account_and_products_by_nobody(question: Question) -> None:
    rows, of_products = (
        pair_rows(shop(), [UNTIL], HORIZON, UNTIL + HORIZON),
        product_rows(shop(), [UNTIL], 2, UNTIL + 14),
    )
    [scored] = scored_of(model(), question, rows).values()
    assert max(scored.calibrated().cells) == len(np.unique(rows.account_id))
    assert all(of.accounts is None for of in scored_of(model(), "product", of_products).values())
