"""What verify reads from PostgreSQL: the orders, which it believes, and the worker's tables, which it judges. Raw SQL."""

from typing import Final

import asyncpg

from ordercast.client.database import slices
from ordercast.verify.spool import Spool

# Moments as microseconds since 1970, money as ten-thousandths: whole numbers, so that nothing is rounded on the way. An event that
# Kafka refused (`ordercast outbox list`) is not expected in the table: its number has passed, what it says has not.
ORDER_ITEMS_SQL: Final = """
    SELECT o.account_id, i.product_id, o.id::text, i.line::bigint, i.quantity, (i.unit_price * 10000)::bigint,
        (extract(epoch FROM o.created_at) * 1000000)::bigint, (extract(epoch FROM o.cancelled_at) * 1000000)::bigint,
        NOT o.is_cancellation AND NOT coalesce(w.placed, false),
        o.status = 'CANCELLED' AND NOT coalesce(w.cancelled, false)
    FROM orders o JOIN order_items i ON i.order_id = o.id LEFT JOIN (
        SELECT (convert_from(body, 'UTF8')::json ->> 'order_id')::uuid AS order_id,
            bool_or(event_type = 'ordercast.order.placed.v1') AS placed,
            bool_or(event_type = 'ordercast.order.cancelled.v1') AS cancelled
        FROM outbox_dead_letters GROUP BY 1
    ) w ON w.order_id = o.id
"""
FEATURES_SQL: Final = """
    SELECT account_id, product_id, (extract(epoch FROM first_ordered_at) * 1000000)::bigint, first_event_id::text,
        first_quantity, first_order_quantity, (first_price * 10000)::bigint, order_count, total_quantity, cancelled_quantity,
        view_count, views_before_first_order, (extract(epoch FROM last_viewed_at) * 1000000)::bigint,
        (extract(epoch FROM last_ordered_at) * 1000000)::bigint, partition
    FROM feature_rows
"""
PRODUCT_TRENDS_SQL: Final = """
    SELECT product_id, (extract(epoch FROM starts_at) * 1000000)::bigint, orders, order_lines, quantity, cancelled_quantity, views
    FROM product_trends
"""
SHOP_TRENDS_SQL: Final = """
    SELECT (extract(epoch FROM starts_at) * 1000000)::bigint, partition, orders, order_lines, quantity, cancelled_quantity, views
    FROM shop_trends
"""

ROWS_SQL: Final = "SELECT (SELECT count(*) FROM order_items) + (SELECT count(*) FROM feature_rows)"


async def row_count(connection: asyncpg.Connection) -> int:
    """Order items and feature rows together."""
    return int(await connection.fetchval(ROWS_SQL))


async def read_into(spool: Spool, connection: asyncpg.Connection, query: str) -> None:
    async for rows in slices(connection, query):
        spool.add(rows)
