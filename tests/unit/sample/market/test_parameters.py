"""What is true of a market: it comes back whole from its file, and the expectations follow from it."""

from datetime import date
from pathlib import Path

import msgspec
import numpy as np
import pytest

from ordercast.sample.market.make_market import make_market
from ordercast.sample.market.parameters import (
    WEEKS,
    Market,
    expected_pieces,
    product_factors,
    read_market,
    write_market,
)

MARKET = make_market(3, date(2026, 3, 1), accounts=40, products=12)
EXPECTED = expected_pieces(MARKET)


def test_a_market_comes_back_from_its_file_as_it_was(tmp_path: Path) -> None:
    write_market(tmp_path / "new" / "market.json", MARKET)
    assert read_market(tmp_path / "new" / "market.json") == MARKET


def test_expected_pieces_are_those_that_the_formulas_of_the_file_give() -> None:
    """Written out for each pair and week, as somebody would who has only the file and its description."""
    for number, (account, product, habit) in enumerate(map(msgspec.to_builtins, MARKET.pairs)):
        who, what = MARKET.accounts[account], MARKET.products[product]
        views = MARKET.habit_views if habit else MARKET.browsing_views
        bought = sum(chance * buys for chance, buys in zip(views, MARKET.buys_after_views, strict=True))
        visits = who.visits * (MARKET.habit_visits if habit else 1)
        for week in (0, 20, WEEKS + 3):
            wave = what.season * np.cos(2 * np.pi * (week - what.peak_week) / WEEKS)
            sold = what.first_week <= week < what.end_week
            factor = what.level * np.exp(what.trend * (week / WEEKS - 0.5) + wave) if sold else 0
            pieces = 1 + what.extra_pieces * who.quantity_factor
            expected = visits * factor * bought * (1 - MARKET.cancelled_share) * pieces
            assert EXPECTED[number, week] == pytest.approx(expected)


def test_a_product_is_looked_at_only_while_it_is_sold() -> None:
    product = msgspec.structs.replace(MARKET.products[0], first_week=10, end_week=30)
    factors = product_factors(_with(product))[0]
    assert np.flatnonzero(factors).tolist() == list(range(10, 30))


def test_the_season_is_highest_in_its_week_and_the_trend_is_that_of_a_year() -> None:
    product = msgspec.structs.replace(MARKET.products[0], trend=0, season=0.5, peak_week=20, first_week=0, end_week=999)
    assert product_factors(_with(product), WEEKS)[0].argmax() == 20
    growing = msgspec.structs.replace(product, trend=0.7, season=0)
    first, last = product_factors(_with(growing), WEEKS + 1)[0][[0, WEEKS]]
    assert last / first == pytest.approx(np.exp(0.7))


def _with(product: object) -> Market:
    return msgspec.structs.replace(MARKET, products=[product, *MARKET.products[1:]])
