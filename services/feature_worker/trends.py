"""Writes what was ordered, taken back and viewed in each quarter of an hour: of each product, and of the whole shop."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.feature_worker.aggregate import PartitionQuarter, ProductQuarter, TrendChange
from ordercast.services.shared.db.features import TREND_BUCKET

# Quarters go over as numbers, which are encoded faster than times.
_CHANGES: Final = f"""
    SELECT part, to_timestamp(quarter * {TREND_BUCKET.total_seconds():.0f}), orders, order_lines, quantity, cancelled, views
    FROM unnest(
        CAST(:parts AS bigint[]), CAST(:quarters AS bigint[]), CAST(:orders AS bigint[]), CAST(:order_lines AS bigint[]),
        CAST(:quantities AS bigint[]), CAST(:cancelled AS bigint[]), CAST(:views AS bigint[])
    ) AS change (part, quarter, orders, order_lines, quantity, cancelled, views)
"""  # noqa: S608 - a constant
_ADDED: Final = """
    orders = t.orders + EXCLUDED.orders,
    order_lines = t.order_lines + EXCLUDED.order_lines,
    quantity = t.quantity + EXCLUDED.quantity,
    cancelled_quantity = t.cancelled_quantity + EXCLUDED.cancelled_quantity,
    views = t.views + EXCLUDED.views
"""
_ADD_TO_PRODUCTS: Final = text(f"""
    INSERT INTO product_trends AS t (product_id, starts_at, orders, order_lines, quantity, cancelled_quantity, views)
    {_CHANGES}
    ON CONFLICT (product_id, starts_at) DO UPDATE SET {_ADDED}
""")
_ADD_TO_SHOP: Final = text(f"""
    INSERT INTO shop_trends AS t (partition, starts_at, orders, order_lines, quantity, cancelled_quantity, views)
    {_CHANGES}
    ON CONFLICT (starts_at, partition) DO UPDATE SET {_ADDED}
""")


async def add_to_trends(
    session: AsyncSession,
    products: Mapping[ProductQuarter, TrendChange],
    shop: Mapping[PartitionQuarter, TrendChange],
) -> None:
    """Adds the changes, sorted by key, so that workers that write the same rows wait for each other and do not deadlock.

    Products are shared by all partitions: call it late in the transaction, because it holds these rows until the commit.
    The shop's rows are apart for each partition, so nobody waits for them.
    """
    if not shop:
        return
    await session.execute(_ADD_TO_PRODUCTS, _parameters(products))
    await session.execute(_ADD_TO_SHOP, _parameters(shop))


def _parameters(trends: Mapping[tuple[int, int], TrendChange]) -> dict[str, list[int]]:
    keys = sorted(trends)
    changes = [trends[key] for key in keys]
    return {
        "parts": [part for part, _ in keys],
        "quarters": [quarter for _, quarter in keys],
        "orders": [change.orders for change in changes],
        "order_lines": [change.order_lines for change in changes],
        "quantities": [change.quantity for change in changes],
        "cancelled": [change.cancelled_quantity for change in changes],
        "views": [change.views for change in changes],
    }
