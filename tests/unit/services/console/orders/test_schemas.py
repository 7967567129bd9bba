"""Which orders are asked for, and what of one is cancelled."""

from datetime import UTC, date, datetime
from uuid import UUID

import pytest

from ordercast.services.console.orders.schemas import CancelForm, OrdersQuestion


def test_a_day_stands_for_its_first_moment() -> None:
    asked = OrdersQuestion(created_to=date(2026, 11, 2))
    assert asked.filters()["created_to"] == datetime(2026, 11, 2, tzinfo=UTC)
    assert asked.filters()["created_from"] is None


@pytest.mark.parametrize(
    ("asked", "narrows"),
    [
        (OrdersQuestion(), False),
        (OrdersQuestion(sort="created_at", starting_after=UUID(int=1)), False),
        (OrdersQuestion(order_ref="S-1"), True),
        (OrdersQuestion(updated_from=date(2026, 11, 2)), True),
    ],
)
def test_what_leaves_orders_out_narrows(asked: OrdersQuestion, narrows: bool) -> None:
    assert asked.narrows is narrows


def test_only_a_whole_id_opens_an_order() -> None:
    assert OrdersQuestion(order_ref=str(UUID(int=7))).finds_one == UUID(int=7)
    assert OrdersQuestion(order_ref="S-1001").finds_one is None
    assert OrdersQuestion().finds_one is None


def test_fields_that_are_empty_take_nothing_back() -> None:
    form = CancelForm.model_validate({"what": "some", "line": ["1", "2", "3"], "pieces": ["", "4", ""]})
    assert form.lines == {2: 4}
    assert form.body == '{"items":[{"line":2,"quantity":4}]}'


def test_all_that_is_left_has_no_body_whatever_was_typed() -> None:
    form = CancelForm.model_validate({"what": "all", "line": ["1"], "pieces": ["2"]})
    assert (form.lines, form.body) == (None, None)
    assert form.typed == {1: 2}


@pytest.mark.parametrize(
    ("what", "pieces", "unclear"),
    [("all", "", None), ("all", "1", "both"), ("some", "1", None), ("some", "", "neither")],
)
def test_pieces_beside_all_and_some_without_pieces_are_unclear(what: str, pieces: str, unclear: str | None) -> None:
    assert CancelForm.model_validate({"what": what, "line": ["1"], "pieces": [pieces]}).unclear == unclear
