"""A drawn shop has what a real one has, and the same seed draws the same one."""

from datetime import date

import pytest

from ordercast.sample.market.make_market import make_market
from ordercast.sample.market.parameters import WEEKS, expected_pieces

MARKET = make_market(1, date(2026, 1, 1))


def test_the_same_seed_draws_the_same_market_and_another_seed_another() -> None:
    assert make_market(1, date(2026, 1, 1)) == MARKET
    assert make_market(2, date(2026, 1, 1)).products != MARKET.products


def test_of_one_view_some_1_point_4_percent_buy_of_five_12_and_of_a_cart_55() -> None:
    assert MARKET.buys_after_views[0] == pytest.approx(0.014)
    assert MARKET.buys_after_views[4] == pytest.approx(0.12)
    assert MARKET.buys_after_cart == 0.55
    assert max(MARKET.buys_after_views) < MARKET.buys_after_cart
    assert sum(MARKET.habit_views) == pytest.approx(1)
    assert sum(MARKET.browsing_views) == pytest.approx(1)


def test_some_products_are_new_some_end_and_none_is_without_a_week() -> None:
    assert any(product.first_week > 0 for product in MARKET.products)
    assert any(product.end_week < WEEKS for product in MARKET.products)
    assert all(product.first_week < product.end_week for product in MARKET.products)
    assert all(product.price > 0 for product in MARKET.products)


def test_some_huge_orders_are_cancelled_minutes_later_and_some_are_kept() -> None:
    after = [huge.cancelled_after_s for huge in MARKET.huge_orders]
    assert None in after
    assert all(60 < seconds < 3_600 for seconds in after if seconds is not None)
    assert any(seconds is not None for seconds in after)


def test_most_pieces_are_the_regulars_habits() -> None:
    pieces = expected_pieces(MARKET, WEEKS).sum(axis=1)
    habits = sum(piece for piece, pair in zip(pieces, MARKET.pairs, strict=True) if pair.habit)
    assert habits > 0.7 * pieces.sum()
    assert len({(pair.account, pair.product) for pair in MARKET.pairs}) == len(MARKET.pairs)
