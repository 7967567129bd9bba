"""The four data sets of the recipe, out of the running system's PostgreSQL, all of one moment.

Rows stand in the order (event time, order id, line), so "the first row of a pair" is the order that the feature row calls
first. Cancellations out of a shop's history order nothing and stay out. View counts come from the feature table: single views
are events, not rows.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ordercast.client.database import slices, snapshot
from ordercast.reading.table_files import Format, Kind, open_table

ORDER_COLUMNS: Final[dict[str, Kind]] = {
    "accountId": "integer",
    "productId": "integer",
    "quantity": "integer",
    "price": "money",
}
VIEW_COLUMNS: Final[dict[str, Kind]] = {"accountId": "integer", "productId": "integer", "viewCount": "integer"}
JOINED_COLUMNS: Final[dict[str, Kind]] = {**ORDER_COLUMNS, "viewCount": "integer"}

ORDERS_SQL: Final = """
    SELECT o.account_id, i.product_id, i.quantity, i.unit_price
    FROM orders o JOIN order_items i ON i.order_id = o.id
    WHERE NOT o.is_cancellation
    ORDER BY o.created_at, o.id, i.line
"""
VIEWS_SQL: Final = """
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


@dataclass(frozen=True, slots=True)
class DataSet:
    name: str
    columns: dict[str, Kind]
    query: str


DATA_SETS: Final = (
    DataSet("orders_data", ORDER_COLUMNS, ORDERS_SQL),
    DataSet("view_counts_data", VIEW_COLUMNS, VIEWS_SQL),
    DataSet("preprocessed_orders_data", JOINED_COLUMNS, JOINED_SQL),
    DataSet("orders_data_after_drop_duplication", JOINED_COLUMNS, FIRST_SQL),
)


@dataclass(frozen=True, slots=True)
class ExportedFile:
    """A file that was written; `rows` without its header."""

    path: Path
    rows: int


async def export(
    database_url: str, folder: Path, file_format: Format, *, written: Callable[[int], None] = lambda _: None
) -> list[ExportedFile]:
    """Writes the four files into `folder`; `written` is told the rows of each slice.

    Raises:
        DatabaseUnavailable: PostgreSQL does not answer.
        TooManyRows: a data set does not fit an xlsx sheet; the files before it are written.
        OSError: the folder cannot be made or written to.
    """
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    files = []
    async with snapshot(database_url, application="ordercast export") as connection:
        for data_set in DATA_SETS:
            path = folder / f"{data_set.name}.{file_format}"
            rows = 0
            with open_table(path, data_set.columns, file_format) as table:
                async for part in slices(connection, data_set.query):
                    await asyncio.to_thread(table.write, part)
                    rows += len(part)
                    written(len(part))
            files.append(ExportedFile(path, rows))
    return files
