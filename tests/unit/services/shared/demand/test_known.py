"""Sums of what was known: no quantity counts above the shop's own large ones, or those that its product or pair always has."""

import numpy as np
import pytest

from ordercast.services.shared.demand.features import features_at
from ordercast.services.shared.demand.known import OWN_LINES, known_at
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


def small_lines() -> list[tuple[int, ...]]:
    """A shop of single pieces: 4,000 lines of 60 products."""
    random = np.random.default_rng(5)
    columns = random.integers(1, 60, 4_000), random.integers(1, 61, 4_000), random.integers(0, 99, 4_000)
    pieces = random.geometric(0.5, 4_000)
    return [
        (int(account), int(product), int(day), 0, int(quantity), 1, 0, 0, 0)
        for account, product, day, quantity in zip(*columns, pieces, strict=True)
    ]


def bulk(lines: int, accounts: int = 50, pieces: int = 5_000, product: int = 99) -> list[tuple[int, ...]]:
    return [(1 + line % accounts, product, 98 - line, 0, pieces, 1, 0, 0, 0) for line in range(lines)]


@pytest.mark.parametrize(("accounts", "product"), [(50, 99), (1, 7)], ids=["of a product", "of a pair"])
def test_quantities_that_a_product_or_a_pair_always_has_are_not_held_to_those_of_the_shop(
    accounts: int, product: int
) -> None:
    rows = [*small_lines(), *bulk(20, accounts, product=product)]
    moment = epoch(START) + 99
    known = known_at(activity(frame(rows)), moment)
    assert known.cap < 60
    assert known.days.pieces.max() == 5_000
    assert known_at(activity(frame(rows)), moment, own_caps=False).days.pieces.max() == known.cap
    level = features_at(activity(frame(rows)), moment).of_products(np.array([product]))[0, 0]
    assert np.expm1(level) == pytest.approx(35_000, rel=0.4)
    huge = [*rows, (3, product, 60, 0, 1_000_000, 1, 0, 0, 0)]
    assert known_at(activity(frame(huge)), moment).days.pieces.max() == (20_000 if accounts > 1 else 5_000)


@pytest.mark.parametrize("times", [1, 3, OWN_LINES - 4])
@pytest.mark.parametrize("product", [99, 7], ids=["of a product without others", "of one with others"])
def test_a_huge_quantity_that_comes_a_few_times_is_held_to_those_of_the_shop(times: int, product: int) -> None:
    rows = [*small_lines(), *bulk(times, pieces=1_000_000, accounts=1, product=product)]
    known = known_at(activity(frame(rows)), epoch(START) + 99)
    assert known.days.pieces.max() == known.cap < 60


def test_the_cap_of_its_own_is_four_times_the_lower_median_of_all_its_lines() -> None:
    """By sorting them all, as a plain reading of the rule would."""
    pieces = np.random.default_rng(8).lognormal(4, 1.5, 36).astype(np.int64) + 1
    large = [(1 + line, 200 + line % 3, line % 98, 0, int(count), 1, 0, 0, 0) for line, count in enumerate(pieces)]
    rows = [*small_lines(), *large]
    shop = activity(frame(rows))
    known, held = (known_at(shop, epoch(START) + 99, own_caps=own) for own in (True, False))
    gross = np.bincount(shop.row_pair_day, shop.sums["quantity"])
    for product in np.unique(known.days.product):
        of_it = known.days.product == product
        lines = np.sort(gross[of_it])
        own = 4 * lines[(len(lines) - 1) // 2] if len(lines) >= OWN_LINES else 0
        assert (known.days.pieces[of_it] == np.minimum(gross[of_it], max(held.cap, own))).all()
    assert (known.days.pieces > held.days.pieces).any()
