"""A row becomes a line, or is refused with a reason."""

from datetime import UTC, datetime
from decimal import Decimal

import pytest

from ordercast.imports.online_retail.clean import Line, clean
from ordercast.imports.online_retail.rows import RawRow, RefusedRow
from tests.support.oracle_online_retail import GOOD, cells


def line_of(number: int = 2, **changes: str) -> Line:
    line = clean(RawRow(number, cells(**changes)))
    assert isinstance(line, Line), line
    return line


def test_a_good_row_is_a_line_with_the_customers_plain_number_and_the_time_in_utc() -> None:
    line = line_of(InvoiceDate="2011-07-01 08:26:00", UnitPrice="2.555")
    assert (line.order_ref, line.account_ref, line.sku, line.quantity) == ("536365", "17850", "85123A", 6)
    assert line.unit_price == Decimal("2.555")
    assert line.occurred_at == datetime(2011, 7, 1, 7, 26, tzinfo=UTC)  # London keeps summer time
    assert not line.cancellation


def test_a_cancellation_row_has_its_quantity_turned_positive() -> None:
    line = line_of(InvoiceNo="C536379", Quantity="-12")
    assert line.cancellation
    assert line.quantity == 12


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"CustomerID": ""}, "no CustomerID"),
        ({"UnitPrice": "0.0"}, "UnitPrice is zero or less"),
        ({"UnitPrice": "-11062.06"}, "UnitPrice is zero or less"),
        ({"UnitPrice": "1.23456"}, "UnitPrice has more than 4 decimals"),
        ({"UnitPrice": "100000000"}, "UnitPrice is 100,000,000 or more"),
        ({"UnitPrice": "1e3"}, "UnitPrice is no decimal number"),
        ({"UnitPrice": "NaN"}, "UnitPrice is no decimal number"),
        ({"Quantity": "0"}, "Quantity is zero or less"),
        ({"Quantity": "-3"}, "Quantity is zero or less"),
        ({"Quantity": "1.5"}, "Quantity is no whole number"),
        ({"Quantity": "1000001"}, "Quantity is more than 1,000,000"),
        ({"InvoiceNo": "C536379", "Quantity": "3"}, "Quantity of a cancellation is not negative"),
        ({"InvoiceNo": "A563185"}, "an adjustment, not an order"),
        ({"InvoiceNo": ""}, "no InvoiceNo"),
        ({"InvoiceNo": "12-34"}, "InvoiceNo is no number"),
        ({"InvoiceDate": "yesterday"}, "InvoiceDate is no date and time"),
        ({"InvoiceDate": "2011-02-30 10:00:00"}, "InvoiceDate is no date and time"),
        ({"InvoiceDate": "2011-03-27 01:30:00"}, "InvoiceDate is in the hour that summer time leaves out"),
        ({"StockCode": " "}, "no StockCode"),
        ({"StockCode": "x" * 101}, "StockCode is longer than 100 characters"),
        ({"StockCode": "a\tb"}, "StockCode has a control character"),
        ({"CustomerID": "nan"}, "no CustomerID"),
        ({"CustomerID": "NULL"}, "no CustomerID"),
        ({"Description": "caf\udce9"}, "not UTF-8, or a NUL character in the text"),
        ({"Description": "\0"}, "not UTF-8, or a NUL character in the text"),
    ],
)
def test_a_bad_cell_refuses_its_row_with_a_reason(changes: dict[str, str], reason: str) -> None:
    refused = clean(RawRow(7, cells(**changes)))
    assert refused == RefusedRow(RawRow(7, cells(**changes)), reason)


def test_a_row_with_too_few_columns_is_refused() -> None:
    refused = clean(RawRow(7, GOOD[:5]))
    assert isinstance(refused, RefusedRow)
    assert refused.reason == "the row has not 8 columns"


def test_the_largest_real_quantity_is_taken() -> None:
    assert line_of(Quantity="80995").quantity == 80_995
