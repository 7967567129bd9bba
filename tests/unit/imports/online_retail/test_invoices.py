"""Lines become invoices, or are refused with a reason; none is lost in between."""

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ordercast.imports.online_retail.clean import clean
from ordercast.imports.online_retail.invoices import WINDOW_ROWS, Invoice, assemble
from ordercast.imports.online_retail.rows import read_rows
from tests.support.oracle_online_retail import cells, invoices_of


def test_an_invoice_holds_its_lines_and_its_earliest_time() -> None:
    rows = [cells(InvoiceDate="2010-12-01 08:27:00"), cells(StockCode="71053", InvoiceDate="2010-12-01 08:26:00")]
    (invoice,), refused = invoices_of(rows)
    assert refused == []
    assert [line.sku for line in invoice.lines] == ["85123A", "71053"]
    assert invoice.import_line() == {
        "order_ref": "536365",
        "account_ref": "17850",
        "occurred_at": "2010-12-01T08:26:00+00:00",
        "kind": "order",
        "items": [
            {"sku": "85123A", "name": "WHITE HEART", "quantity": 6, "unit_price": "2.5500"},
            {"sku": "71053", "name": "WHITE HEART", "quantity": 6, "unit_price": "2.5500"},
        ],
    }


def test_a_cancellation_is_sent_as_a_document_of_its_own_with_positive_quantities() -> None:
    (invoice,), _ = invoices_of([cells(InvoiceNo="C1", Quantity="-2")])
    sent = invoice.import_line()
    assert (sent["kind"], sent["items"][0]["quantity"]) == ("cancellation", 2)


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


@pytest.mark.no_cover  # other tests run these lines; traced, it takes three times as long
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
