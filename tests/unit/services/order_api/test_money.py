"""What is to be paid: amounts that the currency has, and nothing lost or made up by rounding beyond half of its smallest one."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.contracts.currencies import CURRENCIES, DECIMALS
from ordercast.contracts.events import OrderItem
from ordercast.contracts.limits import MAX_ITEMS, MAX_QUANTITY
from ordercast.services.order_api.money import line_total, shown, shown_total
from ordercast.services.order_api.orders.write_orders import OrderRow

CURRENCY = st.sampled_from(sorted(CURRENCIES))
QUANTITY = st.integers(1, MAX_QUANTITY)
PRICE = st.decimals(0, Decimal("99999999.9999"), places=4)


def order(currency: str, *lines: tuple[int, Decimal]) -> OrderRow:
    items = [OrderItem(number, number, quantity, price) for number, (quantity, price) in enumerate(lines, start=1)]
    return OrderRow(uuid4(), 1, "PENDING", currency, items, datetime.now(UTC))


@pytest.mark.parametrize(
    ("currency", "quantity", "price", "total"),
    [
        ("JPY", 3, "12.50", "38"),  # 37.50
        ("JPY", 1, "12.50", "12"),  # halves go to the even neighbour
        ("EUR", 1, "44.251", "44.25"),
        ("EUR", 1, "0.125", "0.12"),
        ("EUR", 3, "0.125", "0.38"),
        ("EUR", 2, "12.5", "25.00"),
        ("KWD", 1, "1.2345", "1.234"),
        ("CLF", 3, "1.2345", "3.7035"),
        ("BGN", 1, "1.999", "2.00"),  # ended on 2026-01-01
        ("HRK", 1, "1.994", "1.99"),  # ended in 2023
        ("ITL", 1, "999.6", "1000"),  # ended in 2002; it had no smaller coin
        ("XAU", 3, "0.0001", "0.0003"),  # an ounce of gold has no smallest amount
    ],
)
def test_a_line_costs_what_can_be_paid(currency: str, quantity: int, price: str, total: str) -> None:
    assert str(line_total(quantity, Decimal(price), currency)) == total


@given(CURRENCY, QUANTITY, PRICE)
def test_a_lines_total_is_the_nearest_amount_of_its_currency(currency: str, quantity: int, price: Decimal) -> None:
    total, exact = line_total(quantity, price, currency), quantity * price
    smallest = Decimal(1).scaleb(-DECIMALS[currency])
    assert total.as_tuple().exponent == -DECIMALS[currency]
    assert abs(total - exact) <= smallest / 2
    if abs(total - exact) * 2 == smallest:
        assert total / smallest % 2 == 0


@given(CURRENCY, st.lists(st.tuples(QUANTITY, PRICE), min_size=1, max_size=20))
def test_an_orders_total_is_the_sum_of_its_lines_in_whatever_order(
    currency: str, lines: list[tuple[int, Decimal]]
) -> None:
    row = order(currency, *lines)
    assert row.total == sum(line_total(quantity, price, currency) for quantity, price in lines)
    assert row.total.as_tuple().exponent == -DECIMALS[currency]
    assert order(currency, *lines[::-1]).total == row.total
    assert abs(row.total - sum(quantity * price for quantity, price in lines)) <= len(lines) * Decimal("0.5")


@pytest.mark.parametrize("currency", ["JPY", "EUR", "CLF"])
def test_the_largest_order_has_an_exact_total_that_its_column_holds(currency: str) -> None:
    row = order(currency, *[(MAX_QUANTITY, Decimal("99999999.9999"))] * MAX_ITEMS)
    assert row.total == MAX_ITEMS * MAX_QUANTITY * Decimal("99999999.9999") < Decimal("1e18")


@given(CURRENCY, st.lists(st.tuples(QUANTITY, PRICE), min_size=1, max_size=5))
def test_a_stored_total_is_shown_as_it_was_answered_at_first(currency: str, lines: list[tuple[int, Decimal]]) -> None:
    total = order(currency, *lines).total
    stored = total.quantize(Decimal("0.0001"))
    assert str(shown_total(stored, currency)) == str(total)


def test_a_total_from_before_the_rule_stays_what_it_was() -> None:
    assert shown_total(Decimal("37.5000"), "JPY") == Decimal("37.5")
    assert str(shown_total(Decimal("44.2510"), "EUR")) == "44.251"


def test_a_price_keeps_its_four_decimals() -> None:
    assert [str(shown(Decimal(price))) for price in ("12.5000", "0.1250", "0.1234", "3.0000")] == [
        "12.50",
        "0.125",
        "0.1234",
        "3.00",
    ]
