"""Pairs of a shop that sells no more expect less week by week, as its products do, however long ago it closed."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from ordercast.services.shared.demand.activity import Activity
from ordercast.services.shared.demand.closed_shop import FAR_DAYS, USUAL_SILENCE, resting_days, unusual_pause
from ordercast.services.shared.demand.demand_model import DemandModel
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, PRODUCT_FEATURES, names, unknown
from ordercast.services.shared.demand.features import Features, features_at
from ordercast.services.shared.demand.known import known_at
from ordercast.services.shared.demand.load_demand_model import demand_model
from ordercast.services.shared.demand.rows import pair_rows
from tests.support.demand_versions import demand_version
from tests.unit.services.shared.demand.histories import START, activity, epoch, frame

CLOSED = 140
ACCOUNTS, PRODUCTS = (grid.ravel() for grid in np.meshgrid(np.arange(1, 4), np.arange(1, 6)))
Rows = list[tuple[int, ...]]


def sold(*spans: range) -> Rows:
    """Five products, each ordered by one account, on the days of the spans."""
    days = [day for span in spans for day in span]
    return [(product % 3 + 1, product, day, 0, 10, 1, 0, 0, 0) for product in range(1, 6) for day in days]


def shop(*more: tuple[int, ...]) -> Activity:
    return activity(frame([*sold(range(CLOSED)), *more]))


def at(days: int, of: Activity) -> Features:
    """So many days after it closed."""
    return features_at(of, epoch(START) + CLOSED + days)


def open_wide(model: DemandModel) -> DemandModel:
    """As if it had learned from all that these shops have, in which no silence was longer than two days."""
    low, high = np.full(len(PRODUCT_FEATURES), -1.0), np.full(len(PRODUCT_FEATURES), 12.0)
    high[names(PRODUCT_FEATURES).index("days_since_last")] = np.log1p(2)
    product = model.questions["product"]
    pair = model.questions["pair"]
    return replace(
        model,
        questions={
            **model.questions,
            "product": replace(product, seen=replace(product.seen, low=low, high=high)),
            "pair": replace(pair, seen=replace(pair.seen, low=pair.seen.low - 1, high=pair.seen.high + 9)),
        },
    )


def expected(model: DemandModel, features: Features) -> tuple[float, float]:
    """Of all pairs, and of all products in four weeks."""
    pairs = model.pairs(features.of_pairs(ACCOUNTS, PRODUCTS), 0.9).expected
    return float(pairs.sum()), float(model.products(features.of_products(np.arange(1, 6)), 4, 0.9).expected.sum())


@pytest.mark.parametrize("weeks", [1, 3, 8, 14, 57, 520, 540, 800])
def test_pairs_of_a_closed_shop_fall_as_its_products_do_also_after_more_than_ten_years(weeks: int) -> None:
    model = open_wide(demand_model(*demand_version()))
    pairs_open, _ = expected(model, at(0, shop()))
    pairs, products = expected(model, at(7 * weeks, shop()))
    assert pairs == pytest.approx(pairs_open * 0.7**weeks, rel=0.1, abs=1e-12)
    assert products == pytest.approx(4 * 5 * 70 * 0.7**weeks, rel=0.1, abs=1e-12)


def test_ten_years_ago_is_not_never() -> None:
    """The one falls to nothing; the other is new."""
    for features, name in ((PAIR_FEATURES, "product_days_since_last"), (PRODUCT_FEATURES, "days_since_last")):
        place = names(features).index(name)
        assert features[place].high < unknown(features)[place] == features[place].default
    question = demand_model(*demand_version()).questions["pair"]
    place = names(PAIR_FEATURES).index("product_days_since_last")
    stopped = (1, 9, 3, 0, 10, 1, 0, 0, 0)  # one product of a shop that goes on
    going_on = activity(frame([stopped, *sold(range(0, 5_000, 2))]))
    for days in (3_600, 3_700, 4_990):
        values = features_at(going_on, epoch(START) + days).of_pairs(np.array([1]), np.array([9]))
        assert values[0, place] == pytest.approx(np.log1p(min(days - 3, 3_676)), abs=1e-4)
        assert question.answer(values).order_probability.tolist() == pytest.approx([0], abs=1e-12)


def test_a_version_of_a_release_before_has_its_features_of_before() -> None:
    then = Features(known_at(shop(), epoch(START) + CLOSED + 4_000), before=True)
    values = then.of_pairs(ACCOUNTS, PRODUCTS)
    places = [names(PAIR_FEATURES).index(name) for name in ("shop_rests", "product_days_since_last", "account_age")]
    assert values[0, places].tolist() == [0.0, 8.21, 8.21]
    assert then.of_products(np.array([1]))[0, names(PRODUCT_FEATURES).index("age")] == 8.21
    model = demand_model(*demand_version(schema="ordercast.demand/5"))
    assert (model.before, demand_model(*demand_version()).before) == (True, False)
    assert model.questions["pair"].shop_rests is None


@pytest.mark.parametrize(
    ("rows", "days", "rests"),
    [
        (sold(range(CLOSED)), USUAL_SILENCE, 0),
        (sold(range(CLOSED)), USUAL_SILENCE + 1, USUAL_SILENCE + 1),
        (sold(range(50), range(90, CLOSED)), 30, 30),
        (sold(range(30), range(60, 80), range(110, CLOSED)), 30, 0),
        (sold(range(30), range(60, 80), range(110, CLOSED)), 31, 31),
        ([*sold(range(20_000, 20_030)), (1, 1, 0, 0, 1, 1, 0, 0, 0)], 20_030 - CLOSED + 20, 20),
        (sold(range(113, 113 + 27)), 90, 0),
        (sold(range(112, 112 + 28)), 90, 90),
        ([], 90, 0),
    ],
    ids=[
        *("six days", "a week", "one longer pause", "two as long", "and longer than both", "an order of 1970"),
        *("too few days", "days enough", "nothing"),
    ],
)
def test_a_shop_rests_after_a_pause_that_was_longer_once_at_most(rows: Rows, days: int, rests: int) -> None:
    assert resting_days(known_at(activity(frame(rows)), epoch(START) + CLOSED + days)) == rests


def test_the_pairs_of_a_resting_shop_have_the_features_of_its_last_day_but_for_what_was_taken_back() -> None:
    """Views that come after it say nothing."""
    viewed, taken_back = (1, 3, CLOSED + 20, 0, 0, 0, 0, 7, 3), (2, 1, CLOSED - 1, 30, 0, 0, 10, 0, 0)
    last, calendar = at(0, shop()), slice(-4, None)
    then = at(60, shop(viewed)).of_pairs(ACCOUNTS, PRODUCTS)
    place = names(PAIR_FEATURES).index("shop_rests")
    assert then[:, place] == pytest.approx(np.log1p(60))
    found, wanted = (np.delete(values, np.s_[place:], axis=1) for values in (then, last.of_pairs(ACCOUNTS, PRODUCTS)))
    np.testing.assert_array_equal(found, wanted)
    assert not np.array_equal(then[:, calendar], last.of_pairs(ACCOUNTS, PRODUCTS)[:, calendar])
    orders = names(PAIR_FEATURES).index("pair_orders")
    assert at(60, shop(taken_back)).of_pairs(np.array([2]), np.array([1]))[0, orders] == pytest.approx(np.log1p(139))


def test_moments_at_which_the_shop_rests_are_no_rows_of_pairs_to_learn_from() -> None:
    again: Any = [*sold(range(CLOSED)), *sold(range(CLOSED + 60, CLOSED + 90))]
    first = epoch(START) + CLOSED
    rows = pair_rows(activity(frame(again)), [first, first + 6, first + 7, first + 59, first + 61], 28, first + 90)
    assert np.unique(rows.moment - first).tolist() == [0, 6, 61]


def test_of_what_is_judged_a_moment_in_a_closure_has_rows_as_if_no_shop_rested_if_the_shop_sold_again() -> None:
    """A shop that had long been selling again held out nothing, and could not be trained."""
    again, first = (
        activity(frame([*sold(range(CLOSED)), *sold(range(CLOSED + 40, CLOSED + 90))])),
        epoch(START) + CLOSED,
    )
    rows = pair_rows(again, [first + 8], 40, first + 90, judged=True)
    features = Features(known_at(again, first + 8), rests=False)
    np.testing.assert_array_equal(rows.values, features.of_pairs(rows.account_id, rows.product_id))
    assert rows.target.tolist() == [80] * 5
    assert not len(pair_rows(again, [first + 8], 28, first + 90, judged=True))  # it was still closed then


def test_that_the_shop_rests_is_said_by_each_answer() -> None:
    question = open_wide(demand_model(*demand_version())).questions["pair"]
    seen_again = shop((1, 3, CLOSED + 90, 0, 0, 0, 0, 7, 3))
    values = at(100, seen_again).of_pairs(ACCOUNTS[:1], PRODUCTS[:1])
    assert question.outside(values, PRODUCTS[:1])[0][0].startswith("the shop had no order for 100 days: ")


@pytest.mark.parametrize(
    ("open_on", "silent", "unusual"),
    [
        (range(CLOSED), FAR_DAYS, False),
        (range(CLOSED), FAR_DAYS + 1, True),
        (range(0, CLOSED, 3), 4, False),  # two days are usual
        (range(0, CLOSED, 3), 5, True),
        (range(0, CLOSED, 7), 20, False),  # open on too few days for a rhythm
    ],
)
def test_a_pause_is_unusual_by_the_shop_s_own_rhythm(open_on: range, silent: int, unusual: bool) -> None:
    known = known_at(activity(frame(sold(open_on))), epoch(START) + open_on[-1] + 1 + silent)
    assert unusual_pause(known) == (silent if unusual else 0)


def test_views_end_no_pause_and_one_long_pause_makes_none_usual() -> None:
    looked = (1, 1, CLOSED + 3, 0, 0, 0, 0, 3, 0)
    of = activity(frame([*sold(range(60), range(90, CLOSED)), looked]))
    assert unusual_pause(known_at(of, epoch(START) + CLOSED + 7)) == 7
