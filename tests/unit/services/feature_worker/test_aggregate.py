"""Sums of events."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal

from ordercast.services.feature_worker.aggregate import DayProduct, PairChange, TrendChange, aggregate
from tests.support.event_streams import Cancellation, Line, Order, View
from tests.unit.services.feature_worker.streams import LARGE_ID, SMALL_ID, admitted, at, change_of, order, view


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


def test_trends_count_orders_once_and_by_utc_day() -> None:
    late_in_tokyo = datetime(2026, 3, 2, 8, tzinfo=timezone(timedelta(hours=9)))  # still the first of March in UTC
    changes = aggregate(
        [
            admitted(Order(1, late_in_tokyo, (Line(1, 2), Line(1, 3)))),
            admitted(View(1, 1, datetime(2026, 3, 1, 23, 59, tzinfo=UTC), 5)),
            admitted(View(1, 1, datetime(2026, 3, 2, tzinfo=UTC), 7)),
            admitted(Cancellation(1, late_in_tokyo, (Line(1, 2),))),
        ]
    )
    assert changes.trends == {
        DayProduct(date(2026, 3, 1), 1): TrendChange(orders=1, quantity=5, views=5),
        DayProduct(date(2026, 3, 2), 1): TrendChange(views=7),
    }
