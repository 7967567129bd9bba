"""What an order tells of itself."""

from datetime import timedelta
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from ordercast.client.order_answers import Order
from ordercast.services.console.orders.read_orders import Row, history_of
from tests.support.console_answers import NOW
from tests.support.console_records import CONFIRMED, PENDING, item, order

MINUTES = st.integers(0, 10_000)


def of(status: str = "CONFIRMED", **more: Any) -> Order:
    return msgspec.convert(order(CONFIRMED, status, [item(1, 5, 2), item(2, 1)], **more), Order)


def test_that_it_was_written_is_told_only_where_nothing_else_says_so() -> None:
    at = NOW.isoformat()
    placed = msgspec.convert(order(PENDING, "PENDING", [item(1)], created_at=at, updated_at=at), Order)
    assert [moment.what for moment in history_of(placed)] == ["ordered"]
    later = of(created_at=at, confirmed_at=at, updated_at=(NOW + timedelta(days=1)).isoformat())
    assert [moment.what for moment in history_of(later)] == ["ordered", "confirmed", "written"]


@given(confirmed=st.none() | MINUTES, cancelled=st.none() | MINUTES, updated=MINUTES)
def test_the_history_is_in_the_order_of_time_and_leaves_nothing_out(
    confirmed: int | None, cancelled: int | None, updated: int
) -> None:
    at = {"confirmed_at": confirmed, "cancelled_at": cancelled, "updated_at": updated}
    times: dict[str, Any] = {
        name: None if ago is None else (NOW + timedelta(minutes=ago)).isoformat() for name, ago in at.items()
    }
    told = history_of(of(created_at=NOW.isoformat(), **times))
    assert [moment.at for moment in told] == sorted(moment.at for moment in told)
    assert {moment.at for moment in told} == {
        NOW,
        *(NOW + timedelta(minutes=ago) for ago in at.values() if ago is not None),
    }


def test_pieces_are_without_those_that_were_taken_back() -> None:
    assert Row(of(), None).pieces == 4
