"""What `ordercast export` can write: the four data sets of the recipe, and the shop's own.

In the recipe's, rows stand in the order (event time, order id, line), so "the first row of a pair" is the order that the feature
row calls first. Cancellations out of a shop's history order nothing and stay out. View counts come from the feature table.

The shop's name everything by its id and by what the shop calls it. Of accounts they hold the shop's own reference and nothing
personal. Their orders are all that are there: what an order is and what became of it stands in `kind` and `status`.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from ordercast.contracts.activity import DAYS, SUMS
from ordercast.contracts.features import FEATURES
from ordercast.reading.table_files import Kind


class DataName(StrEnum):
    """The names of the files, without the ending of their format."""

    ORDERS_DATA = "orders_data"
    VIEW_COUNTS_DATA = "view_counts_data"
    PREPROCESSED_ORDERS_DATA = "preprocessed_orders_data"
    FIRST_ORDERS_DATA = "orders_data_after_drop_duplication"
    ORDERS = "orders"
    ORDER_LINES = "order_lines"
    VIEWS = "views"
    FEATURES = "features"
    ACTIVITY = "activity"


ORDER_COLUMNS: Final[dict[str, Kind]] = {
    "accountId": "integer",
    "productId": "integer",
    "quantity": "integer",
    "price": "money",
}
VIEW_COLUMNS: Final[dict[str, Kind]] = {"accountId": "integer", "productId": "integer", "viewCount": "integer"}
JOINED_COLUMNS: Final[dict[str, Kind]] = {**ORDER_COLUMNS, "viewCount": "integer"}

ORDERS_DATA_SQL: Final = """
    SELECT o.account_id, i.product_id, i.quantity, i.unit_price
    FROM orders o JOIN order_items i ON i.order_id = o.id
    WHERE NOT o.is_cancellation
    ORDER BY o.created_at, o.id, i.line
"""
VIEW_COUNTS_SQL: Final = """
    SELECT account_id, product_id, view_count FROM feature_rows WHERE view_count > 0 ORDER BY account_id, product_id
"""
JOINED_SQL: Final = """
    SELECT o.account_id, i.product_id, i.quantity, i.unit_price, coalesce(f.view_count, 0)
    FROM orders o JOIN order_items i ON i.order_id = o.id
    LEFT JOIN feature_rows f ON (f.account_id, f.product_id) = (o.account_id, i.product_id)
    WHERE NOT o.is_cancellation
    ORDER BY o.created_at, o.id, i.line
"""
FIRST_SQL: Final = """
    WITH first AS (
        SELECT DISTINCT ON (o.account_id, i.product_id)
            o.account_id, i.product_id, i.quantity, i.unit_price, o.created_at, o.id, i.line
        FROM orders o JOIN order_items i ON i.order_id = o.id
        WHERE NOT o.is_cancellation
        ORDER BY o.account_id, i.product_id, o.created_at, o.id, i.line
    )
    SELECT account_id, product_id, quantity, unit_price, coalesce(f.view_count, 0)
    FROM first LEFT JOIN feature_rows f USING (account_id, product_id)
    ORDER BY created_at, id, line
"""

# What orders and order lines both say of an order.
_ORDER: Final[dict[str, Kind]] = {
    "order_id": "text",
    "order_ref": "text",
    "kind": "text",
    "status": "text",
    "account_id": "integer",
    "account_ref": "text",
}
_ORDER_SQL: Final = """
    o.id::text, o.order_ref, CASE WHEN o.is_cancellation THEN 'cancellation' ELSE 'order' END, o.status, o.account_id, a.account_ref
"""
ORDERS: Final[dict[str, Kind]] = {
    **_ORDER,
    "currency": "text",
    "total": "total",
    "lines": "integer",
    "ordered_at": "time",
    "confirmed_at": "time",
    "cancelled_at": "time",
}
ORDERS_SQL: Final = f"""
    SELECT {_ORDER_SQL}, o.currency, o.total, (SELECT count(*) FROM order_items i WHERE i.order_id = o.id),
        o.created_at, o.confirmed_at, o.cancelled_at
    FROM orders o JOIN accounts a ON a.id = o.account_id
    ORDER BY o.created_at, o.id
"""  # noqa: S608 - the columns above
ORDER_LINES: Final[dict[str, Kind]] = {
    **_ORDER,
    "ordered_at": "time",
    "cancelled_at": "time",
    "line": "integer",
    "product_id": "integer",
    "sku": "text",
    "name": "text",
    "quantity": "integer",
    "cancelled_quantity": "integer",
    "unit_price": "money",
    "currency": "text",
}
ORDER_LINES_SQL: Final = f"""
    SELECT {_ORDER_SQL}, o.created_at, o.cancelled_at, i.line, i.product_id, p.sku, p.name, i.quantity,
        CASE o.status WHEN 'CANCELLED' THEN i.quantity ELSE i.cancelled_quantity END, i.unit_price, o.currency
    FROM orders o JOIN accounts a ON a.id = o.account_id
    JOIN order_items i ON i.order_id = o.id JOIN products p ON p.id = i.product_id
    ORDER BY o.created_at, o.id, i.line
"""  # noqa: S608 - the columns above
VIEWS: Final[dict[str, Kind]] = {
    "event_id": "text",
    "account_id": "integer",
    "account_ref": "text",
    "product_id": "integer",
    "sku": "text",
    "name": "text",
    "count": "integer",
    "viewed_at": "time",
}
_FEATURE_KINDS: Final[dict[str, Kind]] = {"timestamp": "time", "integer": "integer", "decimal": "money"}
FEATURES_COLUMNS: Final[dict[str, Kind]] = {
    "account_id": "integer",
    "account_ref": "text",
    "product_id": "integer",
    "sku": "text",
    "name": "text",
    **{feature.name: _FEATURE_KINDS[feature.type] for feature in FEATURES},
}
# Left joins: views may name what an account or a product was before somebody deleted it by hand.
FEATURES_SQL: Final = f"""
    SELECT f.account_id, a.account_ref, f.product_id, p.sku, p.name, {", ".join(f"f.{feature.name}" for feature in FEATURES)}
    FROM feature_rows f LEFT JOIN accounts a ON a.id = f.account_id LEFT JOIN products p ON p.id = f.product_id
    ORDER BY f.account_id, f.product_id
"""  # noqa: S608 - names of our own columns
_ACTIVITY_KINDS: Final[dict[str, Kind]] = {"date": "date", "integer": "integer", "decimal": "amount"}
ACTIVITY: Final[dict[str, Kind]] = {
    "account_id": "integer",
    "account_ref": "text",
    "product_id": "integer",
    "sku": "text",
    **{column.name: _ACTIVITY_KINDS[column.type] for column in (*DAYS, *SUMS)},
}
ACTIVITY_SQL: Final = f"""
    SELECT t.account_id, a.account_ref, t.product_id, p.sku, {", ".join(f"t.{column.name}" for column in (*DAYS, *SUMS))}
    FROM pair_activity t LEFT JOIN accounts a ON a.id = t.account_id LEFT JOIN products p ON p.id = t.product_id
    ORDER BY t.account_id, t.product_id, t.day, t.known_on
"""  # noqa: S608 - names of our own columns


@dataclass(frozen=True, slots=True)
class DataSet:
    """A file to write. Without a `query` its rows are the views, which lie in Kafka."""

    name: DataName
    columns: dict[str, Kind]
    query: str | None


RECIPE: Final[tuple[DataSet, ...]] = (
    DataSet(DataName.ORDERS_DATA, ORDER_COLUMNS, ORDERS_DATA_SQL),
    DataSet(DataName.VIEW_COUNTS_DATA, VIEW_COLUMNS, VIEW_COUNTS_SQL),
    DataSet(DataName.PREPROCESSED_ORDERS_DATA, JOINED_COLUMNS, JOINED_SQL),
    DataSet(DataName.FIRST_ORDERS_DATA, JOINED_COLUMNS, FIRST_SQL),
)
SHOP: Final[tuple[DataSet, ...]] = (
    DataSet(DataName.ORDERS, ORDERS, ORDERS_SQL),
    DataSet(DataName.ORDER_LINES, ORDER_LINES, ORDER_LINES_SQL),
    DataSet(DataName.VIEWS, VIEWS, None),
    DataSet(DataName.FEATURES, FEATURES_COLUMNS, FEATURES_SQL),
    DataSet(DataName.ACTIVITY, ACTIVITY, ACTIVITY_SQL),
)
