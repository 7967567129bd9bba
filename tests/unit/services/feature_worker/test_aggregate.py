"""Sums of events, and what they mean beside what the table knows."""

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

from ordercast.services.feature_worker.aggregate import DayProduct, Pair, PairChange, TrendChange, aggregate
from ordercast.services.feature_worker.merge import KnownFirst, merge
from tests.support.event_streams import Cancellation, Line, Order, View
from tests.unit.services.feature_worker.streams import admitted, at, view

PAIR = Pair(1, 1)
SMALL_ID, LARGE_ID = UUID(int=1), UUID(int=2)


def order(minutes: float, *lines: Line, order_id: UUID = SMALL_ID) -> Order:
    return Order(1, at(minutes), lines or (Line(1, 2),), order_id)


def change_of(*facts: Order | Cancellation | View) -> PairChange:
    return aggregate(admitted(fact, offset=offset) for offset, fact in enumerate(facts)).pairs[PAIR]


def test_a_product_on_several_lines_is_one_order_and_its_smallest_line_is_the_first() -> None:
    change = change_of(order(0, Line(2, 9), Line(1, 3, Decimal("5")), Line(1, 4, Decimal("4"))))
    assert (change.order_count, change.total_quantity) == (1, 7)
    assert change.first is not None
    assert (change.first.line, change.first.quantity, change.first.price) == (2, 3, Decimal("5"))


def test_first_goes_by_event_time_and_not_by_arrival() -> None:
    change = change_of(order(5, order_id=SMALL_ID), order(3, order_id=LARGE_ID), order(4, order_id=SMALL_ID))
    assert change.first is not None
    assert change.first.ordered_at == at(3)
    assert change.last_ordered_at == at(5)


def test_orders_of_the_same_time_are_ordered_by_their_id() -> None:
    change = change_of(order(3, order_id=LARGE_ID), order(3, order_id=SMALL_ID))
    assert change.first is not None
    assert change.first.event_id == SMALL_ID


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


def test_without_any_order_all_views_count_as_before_the_first() -> None:
    merged = merge({PAIR: change_of(view(1), view(9))}, {})[PAIR]
    assert merged.first is None
    assert merged.views_before == {at(1): 1, at(9): 1}


def test_views_at_or_after_the_first_order_do_not_count_as_before_it() -> None:
    views = change_of(view(1), view(3), view(9))
    known = {PAIR: KnownFirst(at(3), LARGE_ID)}
    assert merge({PAIR: views}, known)[PAIR].views_before == {at(1): 1}
    together = change_of(view(1), view(3), view(9), order(3))
    assert merge({PAIR: together}, {})[PAIR].views_before == {at(1): 1}


def test_an_order_before_the_known_first_takes_its_place() -> None:
    earlier = merge({PAIR: change_of(order(2))}, {PAIR: KnownFirst(at(3), LARGE_ID)})[PAIR]
    assert earlier.first is not None
    assert earlier.first.ordered_at == at(2)
    smaller_id = merge({PAIR: change_of(order(3))}, {PAIR: KnownFirst(at(3), LARGE_ID)})[PAIR]
    assert smaller_id.first is not None
    assert smaller_id.first.event_id == SMALL_ID


def test_an_order_after_the_known_first_leaves_it_alone() -> None:
    later = merge({PAIR: change_of(order(4), view(3.5))}, {PAIR: KnownFirst(at(3), LARGE_ID)})[PAIR]
    assert later.first is None
    assert later.views_before == {}


def test_changes_come_sorted_by_key_so_that_workers_lock_rows_in_one_order() -> None:
    facts = [View(account, product, at(0)) for account in (9, 5, 1) for product in (3, 1, 2)]
    merged = merge(aggregate(admitted(fact) for fact in facts).pairs, {})
    assert list(merged) == sorted(merged)
