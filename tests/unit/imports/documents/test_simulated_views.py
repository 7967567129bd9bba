"""Views that are made up for orders."""

from datetime import datetime
from typing import Any

from ordercast.imports.documents.orders import Order
from ordercast.imports.documents.simulated_views import simulate_views


def order(**changes: Any) -> Order:
    items = [{"sku": "MUG", "quantity": 6, "unit_price": "2.55"}, {"sku": "TEA", "quantity": 600, "unit_price": "1.00"}]
    line = {"order_ref": "7", "account_ref": "ann", "occurred_at": "2026-04-05T10:00:00+00:00", "items": items}
    return Order({**line, "status": "CONFIRMED", **changes}, [])


def test_simulated_views_are_marked_lie_before_the_order_and_are_the_same_each_time() -> None:
    views = list(simulate_views(order(), seed=3))
    assert views == list(simulate_views(order(), seed=3))
    assert views != list(simulate_views(order(), seed=4))
    assert all(view["simulated"] is True for view in views)
    assert all(
        datetime.fromisoformat(view["occurred_at"]) < datetime.fromisoformat("2026-04-05T10:00Z") for view in views
    )
    assert [(view["account_ref"], view["sku"]) for view in views] == [("ann", "MUG"), ("ann", "TEA")]


def test_a_cancellation_gets_no_simulated_views() -> None:
    assert list(simulate_views(order(kind="cancellation"), seed=1)) == []
    assert list(simulate_views(order(status="CANCELLED"), seed=1)) == []
