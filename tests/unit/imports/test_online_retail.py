"""Rows of a shop's history become invoices, or are refused with a reason; none is lost in between."""

import gzip
from collections import Counter
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.imports.online_retail.clean import Line, clean
from ordercast.imports.online_retail.invoices import WINDOW_ROWS, Invoice, assemble
from ordercast.imports.online_retail.rows import COLUMNS, FileProgress, FileUnreadable, RawRow, RefusedRow, read_rows
from ordercast.imports.online_retail.simulated_views import simulate_views
from tests.support.oracle_online_retail import GOOD, cells


def line_of(number: int = 2, **changes: str) -> Line:
    line = clean(RawRow(number, cells(**changes)))
    assert isinstance(line, Line), line
    return line


def invoices_of(rows: list[tuple[str, ...]]) -> tuple[list[Invoice], list[RefusedRow]]:
    outcome = list(assemble(clean(RawRow(number, row)) for number, row in enumerate(rows, start=2)))
    return [o for o in outcome if isinstance(o, Invoice)], [o for o in outcome if isinstance(o, RefusedRow)]


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
        ({"StockCode": "x" * 256}, "StockCode is longer than 255 characters"),
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


def test_an_invoice_holds_its_lines_and_its_earliest_time() -> None:
    rows = [cells(InvoiceDate="2010-12-01 08:27:00"), cells(StockCode="71053", InvoiceDate="2010-12-01 08:26:00")]
    (invoice,), refused = invoices_of(rows)
    assert refused == []
    assert [line.sku for line in invoice.lines] == ["85123A", "71053"]
    assert invoice.import_line() == {
        "order_ref": "536365",
        "account_ref": "17850",
        "occurred_at": "2010-12-01T08:26:00+00:00",
        "status": "CONFIRMED",
        "items": [
            {"sku": "85123A", "name": "WHITE HEART", "quantity": 6, "unit_price": "2.5500"},
            {"sku": "71053", "name": "WHITE HEART", "quantity": 6, "unit_price": "2.5500"},
        ],
    }


def test_a_cancellation_is_sent_as_cancelled_with_positive_quantities() -> None:
    (invoice,), _ = invoices_of([cells(InvoiceNo="C1", Quantity="-2")])
    sent = invoice.import_line()
    assert (sent["status"], sent["items"][0]["quantity"]) == ("CANCELLED", 2)


def test_an_exact_duplicate_is_refused_but_the_same_product_with_another_quantity_is_a_line() -> None:
    (invoice,), refused = invoices_of([cells(), cells(Quantity="7"), cells()])
    assert [line.quantity for line in invoice.lines] == [6, 7]
    assert [(row.row.number, row.reason) for row in refused] == [(4, "exact duplicate")]


def test_rows_of_two_invoices_side_by_side_are_put_together_again() -> None:
    rows = [cells(StockCode="a"), cells(InvoiceNo="2", StockCode="b"), cells(StockCode="c")]
    invoices, refused = invoices_of(rows)
    assert refused == []
    assert {i.order_ref: [line.sku for line in i.lines] for i in invoices} == {"536365": ["a", "c"], "2": ["b"]}


def test_an_invoice_that_comes_again_far_away_is_refused_and_not_sent_twice() -> None:
    rows = [cells(), *(cells(InvoiceNo="2", StockCode=str(n)) for n in range(WINDOW_ROWS + 1)), cells(StockCode="late")]
    invoices, refused = invoices_of(rows)
    assert [i.order_ref for i in invoices] == ["536365", "2"]
    assert refused[-1].row.cells[1] == "late"
    assert "10,000 rows before" in refused[-1].reason


def test_a_line_of_another_customer_on_an_invoice_is_refused() -> None:
    (invoice,), (refused,) = invoices_of([cells(), cells(CustomerID="99999")])
    assert invoice.account_ref == "17850"
    assert refused.reason == "another CustomerID than the rest of the invoice"


def test_an_invoice_takes_2000_items_and_refuses_the_rest() -> None:
    (invoice,), refused = invoices_of([cells(StockCode=str(n)) for n in range(2_003)])
    assert len(invoice.lines) == 2_000
    assert {row.reason for row in refused} == {"the invoice has more than 2,000 items"}
    assert len(refused) == 3


ROWS = st.tuples(
    st.sampled_from(["1", "2", "C3", "A4", ""]),
    st.sampled_from(["a", "b"]),
    st.just("NAME"),
    st.sampled_from(["1", "2", "-1", "0", "x"]),
    st.sampled_from(["2011-01-01 10:00:00", "nonsense"]),
    st.sampled_from(["1.5", "0"]),
    st.sampled_from(["7.0", "8.0", ""]),
    st.just("France"),
)


@given(st.lists(ROWS, max_size=60))
def test_every_row_is_in_exactly_one_invoice_or_refused(rows: list[tuple[str, ...]]) -> None:
    invoices, refused = invoices_of(rows)
    numbers = [line.row.number for i in invoices for line in i.lines] + [row.row.number for row in refused]
    assert sorted(numbers) == list(range(2, len(rows) + 2))
    assert len({i.order_ref for i in invoices}) == len(invoices)


def test_simulated_views_are_marked_lie_before_the_order_and_are_the_same_each_time() -> None:
    (invoice,), _ = invoices_of([cells(), cells(StockCode="71053", Quantity="600")])
    views = list(simulate_views(invoice, seed=3))
    assert views == list(simulate_views(invoice, seed=3))
    assert views != list(simulate_views(invoice, seed=4))
    assert all(view["simulated"] is True for view in views)
    assert all(datetime.fromisoformat(view["occurred_at"]) < invoice.occurred_at for view in views)
    assert [view["sku"] for view in views] == ["85123A", "71053"]


def test_a_cancellation_gets_no_simulated_views() -> None:
    (invoice,), _ = invoices_of([cells(InvoiceNo="C1", Quantity="-2")])
    assert list(simulate_views(invoice, seed=1)) == []


@pytest.mark.parametrize("compressed", [False, True])
def test_a_file_is_read_plain_and_compressed(tmp_path: Path, compressed: bool) -> None:
    content = (",".join(COLUMNS) + "\r\n" + ",".join(GOOD) + '\r\n1,2,"a, ""b""\nc",4,5,6,7,8\r\n').encode()
    path = tmp_path / "rows.csv"
    path.write_bytes(gzip.compress(content) if compressed else content)
    progress = FileProgress(0, path.stat().st_size)
    assert [row.cells for row in read_rows(path, progress)] == [GOOD, ("1", "2", 'a, "b"\nc', "4", "5", "6", "7", "8")]
    assert progress.position == progress.size


def test_a_file_with_bad_bytes_in_one_row_refuses_that_row_alone(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    good = ",".join(GOOD).encode()
    path.write_bytes(b"\n".join([",".join(COLUMNS).encode(), good.replace(b"WHITE", b"caf\xe9"), good]))
    outcomes = [clean(row) for row in read_rows(path)]
    assert isinstance(outcomes[0], RefusedRow)
    assert isinstance(outcomes[1], Line)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"a,b\n1,2\n", "the first row is 'a,b'"),
        (gzip.compress((",".join(COLUMNS) + "\n").encode() * 9_999)[:-20], "damaged|the first row"),
        (b"\x1f\x8bno gzip", "damaged|gzip|compression"),
    ],
)
def test_a_file_that_is_not_this_shape_says_so(tmp_path: Path, content: bytes, says: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_bytes(content)
    with pytest.raises(FileUnreadable, match=says):
        list(read_rows(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileUnreadable, match=r"gone\.csv: No such file"):
        list(read_rows(tmp_path / "gone.csv"))


def test_the_real_file_reconciles_to_the_row(online_retail_file: Path) -> None:
    imported = 0
    reasons: Counter[str] = Counter()
    for outcome in assemble(clean(row) for row in read_rows(online_retail_file)):
        if isinstance(outcome, Invoice):
            imported += len(outcome.lines)
        else:
            reasons[outcome.reason] += 1
    rows = imported + reasons.total()
    assert rows == 541_909
    assert imported == 401_564
    # 135,080 rows lack a customer (3 of them adjustments), 40 of the rest a price; 5,225 of those left are duplicates.
    assert reasons == {
        "no CustomerID": 135_077,
        "an adjustment, not an order": 3,
        "UnitPrice is zero or less": 40,
        "exact duplicate": 5_225,
    }
