"""What happens in a market follows from its parameters, in the order in which things happen in a shop."""

from collections import Counter
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ordercast.sample.market.make_market import make_market
from ordercast.sample.market.parameters import WEEKS, expected_pieces
from ordercast.sample.market.simulate import DAY_S, DAYS, History, Occasion, simulate

UNTIL = date(2026, 3, 1)


@pytest.fixture(scope="module")
def history() -> History:
    return simulate(make_market(1, UNTIL))


small_markets = st.builds(
    make_market, st.integers(0, 2**64), st.just(UNTIL), accounts=st.integers(1, 25), products=st.integers(1, 8)
)


@settings(max_examples=25)
@given(small_markets.map(simulate))
def test_nothing_is_outside_of_the_year_and_everything_has_its_order_in_time(history: History) -> None:
    end = datetime(2026, 3, 1, tzinfo=UTC)
    for line in history.view_lines():
        assert end - timedelta(days=DAYS) <= datetime.fromisoformat(line["occurred_at"]) < end
    for line in history.order_lines():
        placed = datetime.fromisoformat(line["occurred_at"])
        ended = datetime.fromisoformat(line.get("cancelled_at", line["occurred_at"]))
        assert end - timedelta(days=DAYS) <= placed <= ended < end
    for order in history.orders:
        assert not order.cancelled or order.at < order.cancelled
    times = [line["occurred_at"] for line in history.view_lines()]
    assert times == sorted(times)


@settings(max_examples=25)
@given(small_markets.map(simulate))
def test_each_piece_ordered_was_viewed_and_carted_on_that_day_before(history: History) -> None:
    carted: dict[tuple[int, int, int], list[int]] = {}
    bought = Counter[tuple[int, int]]()
    for one in history.occasions:
        pair = history.market.pairs[one.pair]
        assert one.views >= 1
        assert bool(one.pieces) <= bool(one.carted)
        assert not one.carted or one.at < one.carted
        if one.pieces:
            carted.setdefault((pair.account, pair.product, one.at // DAY_S), []).append(one.carted)
            bought[pair.account, pair.product] += one.pieces
    ordered = Counter[tuple[int, int]]()
    for order in history.orders:
        if not order.huge:
            for product, pieces in order.lines.items():
                ordered[order.account, product] += pieces
                assert min(carted[order.account, product, order.at // DAY_S]) < order.at
    assert ordered == bought


def test_rates_of_buying_are_those_of_the_parameters(history: History) -> None:
    market = history.market
    by_views = [[one for one in history.occasions if one.views == views] for views in (1, 5)]
    carts = [one for one in history.occasions if one.carted]
    for happened, rate in (
        (by_views[0], market.buys_after_views[0]),
        (by_views[1], market.buys_after_views[4]),
        (carts, market.buys_after_cart),
    ):
        assert len(happened) > 1_000
        assert _bought(happened) == pytest.approx(rate, abs=4 * np.sqrt(rate * (1 - rate) / len(happened)))


def test_many_accounts_look_and_never_order(history: History) -> None:
    looked = {history.market.pairs[one.pair].account for one in history.occasions}
    ordered = {order.account for order in history.orders}
    assert ordered < looked
    assert len(looked - ordered) > 0.3 * len(looked)


def test_kept_pieces_of_each_product_are_as_expected() -> None:
    """Of many years of one small market: their mean by product, within four standard errors."""
    market = make_market(5, UNTIL, accounts=30, products=5)
    product = np.array([pair.product for pair in market.pairs])
    expected = np.array([expected_pieces(market, WEEKS)[product == number].sum() for number in range(5)])
    histories = [simulate(msgspec.structs.replace(market, seed=seed)) for seed in range(60)]
    years = np.array([[sum(history.kept_pieces(number)) for number in range(5)] for history in histories])
    errors = years.std(axis=0) / np.sqrt(len(years))
    assert (np.abs(years.mean(axis=0) - expected) < 4 * errors).all()


def test_some_orders_are_cancelled_days_later(history: History) -> None:
    usual = [order for order in history.orders if not order.huge]
    delays = [order.cancelled - order.at for order in usual if order.cancelled]
    assert len(delays) / len(usual) == pytest.approx(history.market.cancelled_share, abs=0.012)
    assert np.mean(delays) > 2 * DAY_S


def test_the_same_market_has_the_same_history(history: History) -> None:
    again = simulate(make_market(1, UNTIL))
    assert again.order_lines() == history.order_lines()
    assert again.view_lines() == history.view_lines()


def test_another_end_moves_every_time_and_changes_nothing_else(history: History) -> None:
    moved = simulate(make_market(1, UNTIL - timedelta(days=3)))
    for one, other in zip(history.order_lines(), moved.order_lines(), strict=True):
        assert one["items"] == other["items"]
        later, earlier = (datetime.fromisoformat(line["occurred_at"]) for line in (one, other))
        assert later - earlier == timedelta(days=3)


def _bought(happened: Sequence[Occasion]) -> float:
    return float(np.mean([one.pieces > 0 for one in happened]))
