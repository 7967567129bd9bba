"""Sums of events."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

from ordercast.services.feature_worker.aggregate import (
    EPOCH,
    ActivityChange,
    PairChange,
    TrendChange,
    aggregate,
)
from tests.support.event_streams import Cancellation, Fact, Line, Order, View
from tests.unit.services.feature_worker.streams import LARGE_ID, SMALL_ID, admitted, at, cart, change_of, order, view


def test_a_product_on_several_lines_is_one_order_and_its_smallest_line_is_the_first() -> None:
    change = change_of(order(0, Line(2, 9), Line(1, 3, Decimal("5")), Line(1, 4, Decimal("4"))))
    assert (change.order_count, change.total_quantity) == (1, 7)
    assert change.first is not None
    assert (change.first.line, change.first.quantity, change.first.price) == (2, 3, Decimal("5"))
    assert change.first.order_quantity == 7


def test_first_goes_by_event_time_and_not_by_arrival() -> None:
    change = change_of(order(5, order_id=SMALL_ID), order(3, order_id=LARGE_ID), order(4, order_id=SMALL_ID))
    assert change.first is not None
    assert change.first.ordered_at == at(3)
    assert change.last_ordered_at == at(5)


def test_orders_of_the_same_time_are_ordered_by_their_id() -> None:
    change = change_of(order(3, order_id=LARGE_ID), order(3, order_id=SMALL_ID))
    assert change.first is not None
    assert change.first.event_id == SMALL_ID


def test_the_first_orders_quantity_is_that_of_one_order_alone() -> None:
    """Of a shop that writes one row for each piece, first_quantity is always 1."""
    pieces = [Line(1, 1)] * 3
    change = change_of(order(5, Line(1, 4)), order(3, *pieces, order_id=LARGE_ID))
    assert change.first is not None
    assert (change.first.quantity, change.first.order_quantity) == (1, 3)


def test_a_cancellation_adds_nothing_but_cancelled_quantity() -> None:
    change = change_of(Cancellation(1, at(0), (Line(1, 3), Line(1, 1))))
    assert change == PairChange(partition=1, cancelled_quantity=4, orders_offset=0)


def test_views_of_one_moment_are_added_up() -> None:
    change = change_of(view(1, count=2), view(2), view(1))
    assert change.views == {at(1): 3, at(2): 1}
    assert (change.view_count, change.last_viewed_at, change.views_offset) == (4, at(2), 2)


def test_an_order_of_two_products_is_one_of_the_shop_and_one_of_each_and_counts_in_its_quarter_of_an_hour() -> None:
    in_kathmandu = datetime(
        2026, 3, 2, 0, 14, 59, 999_999, timezone(timedelta(hours=5, minutes=45))
    )  # 18:29:59.999999 in UTC
    quarter = (datetime(2026, 3, 1, 18, 15, tzinfo=UTC) - EPOCH) // timedelta(minutes=15)
    changes = aggregate(
        [
            admitted(Order(1, in_kathmandu, (Line(1, 2), Line(1, 3), Line(2, 4)))),
            admitted(View(1, 1, in_kathmandu, 5)),
            admitted(View(1, 1, in_kathmandu + timedelta(microseconds=1), 7)),
            admitted(Cancellation(1, in_kathmandu + timedelta(hours=1), (Line(1, 2), Line(2, 1)))),
        ]
    )
    assert changes.product_trends == {
        (1, quarter): TrendChange(orders=1, order_lines=2, quantity=5, views=5),
        (2, quarter): TrendChange(orders=1, order_lines=1, quantity=4),
        (1, quarter + 1): TrendChange(views=7),
        (1, quarter + 4): TrendChange(cancelled_quantity=2),
        (2, quarter + 4): TrendChange(cancelled_quantity=1),
    }
    assert changes.shop_trends == {
        (1, quarter): TrendChange(orders=1, order_lines=3, quantity=9, views=5),
        (1, quarter + 1): TrendChange(views=7),
        (1, quarter + 4): TrendChange(cancelled_quantity=3),
    }


def test_what_comes_back_counts_on_the_orders_day_and_is_known_when_it_comes_back() -> None:
    facts: list[Fact] = [
        order(0, Line(1, 3, Decimal("0.5")), Line(2, 1), Line(1, 2, Decimal("2"))),
        Cancellation(1, at(3 * 24 * 60), (Line(1, 4),), placed_at=at(0)),
        Cancellation(1, at(0), (Line(1, 1),), placed_at=at(24 * 60)),  # by a clock that is slow
    ]
    activity = aggregate(admitted(fact) for fact in facts).activity
    day = (at(0) - EPOCH).days
    assert activity == {
        (1, 1, day, day): ActivityChange(orders=1, first_lines=1, order_lines=2, quantity=5, amount=Decimal("5.5")),
        (1, 2, day, day): ActivityChange(orders=1, order_lines=1, quantity=1, amount=Decimal("9.99")),
        (1, 1, day, day + 3): ActivityChange(cancelled_quantity=4),
        (1, 1, day + 1, day + 1): ActivityChange(cancelled_quantity=1),
    }


def test_a_cart_is_no_view_and_makes_no_feature_row() -> None:
    changes = aggregate(admitted(fact) for fact in (cart(0, count=2), view(0, product=2), cart(24 * 60)))
    assert set(changes.pairs) == {(1, 2)}
    assert {product_id for product_id, _ in changes.product_trends} == {2}
    day = (at(0) - EPOCH).days
    assert changes.activity == {
        (1, 1, day, day): ActivityChange(carts=2),
        (1, 2, day, day): ActivityChange(views=1),
        (1, 1, day + 1, day + 1): ActivityChange(carts=1),
    }
