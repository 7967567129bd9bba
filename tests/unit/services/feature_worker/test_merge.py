"""What a batch's sums mean beside what the table knows already."""

from ordercast.services.feature_worker.aggregate import aggregate
from ordercast.services.feature_worker.merge import KnownFirst, merge
from tests.support.event_streams import View
from tests.unit.services.feature_worker.streams import LARGE_ID, PAIR, SMALL_ID, admitted, at, change_of, order, view


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
