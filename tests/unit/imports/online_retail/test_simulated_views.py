"""Views that are made up for invoices."""

from datetime import datetime

from ordercast.imports.online_retail.simulated_views import simulate_views
from tests.support.oracle_online_retail import cells, invoices_of


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
