"""The activity of a simulated market is its history, counted."""

from datetime import date

import numpy as np
import pytest

from ordercast.sample.market.make_market import make_market
from ordercast.sample.market.market_activity import activity_columns
from ordercast.sample.market.simulate import DAYS, History, simulate

UNTIL = date(2026, 1, 1)


@pytest.fixture(scope="module")
def history() -> History:
    return simulate(make_market(1, UNTIL, accounts=40, products=10))


def test_pieces_views_and_orders_are_those_of_the_history(history: History) -> None:
    columns = activity_columns(history)
    kept = sum(sum(order.lines.values()) for order in history.orders if not order.cancelled)
    assert columns["quantity"].sum() - columns["cancelled_quantity"].sum() == kept
    assert columns["first_lines"].sum() == len(history.orders)
    assert columns["views"].sum() == sum(one.views for one in history.occasions)
    assert columns["carts"].sum() == sum(one.carted > 0 for one in history.occasions)


def test_what_is_taken_back_stands_on_the_day_of_its_order_and_is_known_later(history: History) -> None:
    columns = activity_columns(history)
    taken_back = columns["cancelled_quantity"] > 0
    assert taken_back.any()
    assert (columns["known_on"] >= columns["day"]).all()
    assert (columns["known_on"] > columns["day"])[taken_back].any()
    until = (UNTIL - date(1970, 1, 1)).days
    assert columns["known_on"].max() < until
    assert columns["day"].min() >= until - DAYS


def test_a_product_has_its_own_price(history: History) -> None:
    columns = activity_columns(history)
    ordered = columns["quantity"] > 0
    prices = np.array([float(product.price) for product in history.market.products])
    assert columns["amount"][ordered] / 10_000 / columns["quantity"][ordered] == pytest.approx(
        prices[columns["product_id"][ordered] - 1]
    )
