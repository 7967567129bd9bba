"""A row that lies far outside of what was learned from says so, in words."""

import numpy as np
import pytest

from ordercast.services.shared.demand.conformal import Floats
from ordercast.services.shared.demand.feature_list import PAIR_FEATURES, names
from ordercast.services.shared.demand.seen import outside, seen_in

VIEWS = names(PAIR_FEATURES).index("pair_views_28")
PRODUCTS = np.arange(500) % 7 + 1
HORIZON = 28


def learned() -> Floats:
    random = np.random.default_rng(0)
    values = np.column_stack([random.uniform(feature.low, feature.high / 2, 500) for feature in PAIR_FEATURES])
    values[:, VIEWS] = np.log1p(random.integers(0, 41, 500))
    return values


def test_a_thousand_million_views_are_outside_and_forty_are_not() -> None:
    values = learned()
    rows = values[:2].copy()
    rows[:, VIEWS] = np.log1p([999_999_999, 40])
    far, usual = outside(seen_in(PAIR_FEATURES, values, PRODUCTS), PAIR_FEATURES, rows, PRODUCTS[:2], HORIZON)
    assert far == ("pair_views_28 is 999,999,999, far more than the most that was seen, 40",)
    assert usual == ()


def test_less_than_half_the_least_is_outside_too() -> None:
    values = learned()
    price = names(PAIR_FEATURES).index("product_mean_price")
    values[:, price] += np.log1p(10)
    row = values[:1].copy()
    row[0, price] = np.log1p(0.5)
    ((reason,),) = outside(seen_in(PAIR_FEATURES, values, PRODUCTS), PAIR_FEATURES, row, PRODUCTS[:1], HORIZON)
    assert reason.startswith("product_mean_price is 0.5, far less than the least that was seen, 10")


def test_an_unknown_product_is_outside() -> None:
    values = learned()
    assert outside(seen_in(PAIR_FEATURES, values, PRODUCTS), PAIR_FEATURES, values[:1], np.array([99]), HORIZON) == [
        ("product 99 was not in what was learned from",)
    ]


def test_one_row_in_ten_thousand_does_not_make_anything_seen() -> None:
    values = np.tile(learned(), (20, 1))
    products = np.tile(PRODUCTS, 20)
    values[77, VIEWS] = np.log1p(999_999_999)
    assert outside(
        seen_in(PAIR_FEATURES, values, products), PAIR_FEATURES, values[77:78], products[77:78], HORIZON
    ) != [()]
    assert outside(
        seen_in(PAIR_FEATURES, values[:9000], products), PAIR_FEATURES, values[77:78], products[77:78], HORIZON
    ) == [()]


def test_what_was_learned_from_is_inside() -> None:
    values = learned()
    assert outside(seen_in(PAIR_FEATURES, values, PRODUCTS), PAIR_FEATURES, values, PRODUCTS, HORIZON) == [()] * len(
        values
    )


def test_never_is_no_bound_of_days_and_has_to_be_seen_itself() -> None:
    """An account without an order says nothing of one whose last order is three years ago."""
    last = names(PAIR_FEATURES).index("account_days_since_last")
    never = PAIR_FEATURES[last].default
    values = learned()
    values[:, last] = np.log1p(np.arange(500) % 90)
    rows = values[:2].copy()
    rows[:, last] = never, np.log1p(1_095)
    for seen_never, said in ((False, ("account_days_since_last is never, which was not seen",)), (True, ())):
        values[0, last] = never if seen_never else 0
        found = outside(seen_in(PAIR_FEATURES, values, PRODUCTS), PAIR_FEATURES, rows, PRODUCTS[:2], HORIZON)
        assert found == [said, ("account_days_since_last is 1,095, longer than the longest that was seen, 89",)]


@pytest.mark.parametrize("name", ["pair_days_since_last", "account_days_since_last", "product_days_since_last"])
def test_one_pair_account_or_product_that_is_silent_for_longer_than_any_was_is_outside(name: str) -> None:
    """Its silence says nothing of the shop's; a factor of two, as ages have it, were a hundred days here."""
    place = names(PAIR_FEATURES).index(name)
    values = learned()
    values[:, place] = np.log1p(np.arange(500) % 101)
    seen = seen_in(PAIR_FEATURES, values, PRODUCTS)
    rows = values[:2].copy()
    rows[:, place] = np.log1p([157, 156])
    silent, usual = outside(seen, PAIR_FEATURES, rows, PRODUCTS[:2], HORIZON)
    assert silent == (f"{name} is 157, longer than the longest that was seen, 100",)
    assert usual == ()
    assert outside(seen, PAIR_FEATURES, rows, PRODUCTS[:2], 56) == [(), ()]
    rows[:, place] = np.log1p([213, 212])
    assert [len(reasons) for reasons in outside(seen, PAIR_FEATURES, rows, PRODUCTS[:2], 56)] == [1, 0]


def test_an_age_of_nearly_twice_the_greatest_is_not_outside() -> None:
    place = names(PAIR_FEATURES).index("account_age")
    values = learned()
    values[:, place] = np.log1p(np.arange(500) % 101)
    row = values[:1].copy()
    row[:, place] = np.log1p(199)
    assert outside(seen_in(PAIR_FEATURES, values, PRODUCTS), PAIR_FEATURES, row, PRODUCTS[:1], HORIZON) == [()]


def test_a_shop_that_is_long_silent_is_outside() -> None:
    values = learned()
    seen = seen_in(PAIR_FEATURES, values, PRODUCTS)
    said = "nothing is known of the last 1,095 days: a history that has ended is asked as of its last day"
    for days, reasons in ((28, ()), (1_095, (said,))):
        assert outside(seen, PAIR_FEATURES, values[:1], PRODUCTS[:1], HORIZON, days) == [reasons]


def test_nothing_seen_is_refused() -> None:
    with pytest.raises(ValueError, match="no row"):
        seen_in(PAIR_FEATURES, learned()[:0], PRODUCTS[:0])
