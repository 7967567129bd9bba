"""What orders and views say of a pair, and each way in which a table differs from it."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from ordercast.services.order_api.pairs.recompute import (
    OF_VIEWS,
    Difference,
    Line,
    Seen,
    Sources,
    TakenBack,
    differences,
    expected_days,
    expected_row,
)

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
moments = st.integers(0, 10 * 24).map(lambda hours: NOON + timedelta(hours=hours))
# An order has one time, by its number.
lines = st.builds(
    lambda order, number, quantity: Line(
        UUID(int=order), number, quantity, Decimal(order) / 4, NOON + timedelta(hours=5 * (order % 4))
    ),
    st.integers(1, 6),
    st.integers(1, 3),
    st.integers(1, 9),
)
sources = st.builds(
    Sources,
    st.lists(lines, unique_by=lambda line: (line.order_id, line.number)),
    st.lists(st.builds(TakenBack, st.integers(1, 9), moments, moments)),
    st.lists(st.builds(Seen, st.integers(1, 9), moments, st.booleans())),
)


@given(sources)
def test_days_add_up_to_the_row(told: Sources) -> None:
    row, days = expected_row(told), expected_days(told).values()
    summed = {name: sum(day[name] for day in days) for name in ("orders", "quantity", "cancelled_quantity", "views")}
    names = ("order_count", "total_quantity", "cancelled_quantity", "view_count")
    assert tuple(summed.values()) == (tuple(row[name] for name in names) if row else (0, 0, 0, 0))
    if row is not None and row["first_ordered_at"] is None:
        assert row["views_before_first_order"] == row["view_count"]


@given(sources, st.data())
def test_what_is_as_it_should_be_has_no_difference_and_each_change_is_one(told: Sources, data: st.DataObject) -> None:
    row, days = expected_row(told), expected_days(told)
    assert differences(told, row, days) == []
    if row is not None:
        field = data.draw(st.sampled_from(list(row)))
        changed = differences(told, row | {field: "changed"}, days)
        assert changed == [Difference(None, field, row[field], "changed")]
        unread = Sources(told.lines, told.taken_back, None)
        of_orders = expected_row(unread)
        found = differences(unread, row, days)
        assert not OF_VIEWS & {difference.field for difference in found}
        assert (found == []) or of_orders is None
    for day in days:
        rest = {other: sums for other, sums in days.items() if other != day}
        assert differences(told, row, rest) == [Difference(day, None, "a row", None)]


def test_the_first_order_is_that_of_the_smaller_id_and_its_first_line() -> None:
    first, second = UUID(int=1), UUID(int=2)
    told = Sources(
        [
            Line(second, 1, 5, Decimal(3), NOON),
            Line(first, 2, 4, Decimal(2), NOON),
            Line(first, 1, 3, Decimal(1), NOON),
        ],
        [TakenBack(2, NOON, NOON + timedelta(days=2)), TakenBack(1, NOON, NOON - timedelta(days=2))],
        [Seen(7, NOON, False), Seen(2, NOON - timedelta(seconds=1), False), Seen(1, NOON, True)],
    )
    row = expected_row(told)
    assert row is not None
    assert (row["first_quantity"], row["first_order_quantity"], row["first_price"]) == (3, 7, Decimal(1))
    assert (row["order_count"], row["view_count"], row["views_before_first_order"]) == (2, 9, 2)
    day = date(2026, 3, 1)
    days = expected_days(told)
    assert days[day, day]["cancelled_quantity"] == 1
    assert days[day, date(2026, 3, 3)]["cancelled_quantity"] == 2
    assert (days[day, day]["first_lines"], days[day, day]["order_lines"], days[day, day]["carts"]) == (2, 3, 1)
    assert days[day, day]["amount"] == Decimal(15 + 8 + 3)
