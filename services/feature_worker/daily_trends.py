"""Writes the days' orders, quantity and views of each product."""

from collections.abc import Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.feature_worker.aggregate import DayProduct, TrendChange

_ADD: Final = text("""
    INSERT INTO daily_trends AS d (day, product_id, orders, quantity, views)
    SELECT * FROM unnest(
        CAST(:days AS date[]), CAST(:products AS bigint[]),
        CAST(:orders AS bigint[]), CAST(:quantities AS bigint[]), CAST(:views AS bigint[])
    )
    ON CONFLICT (day, product_id) DO UPDATE SET
        orders = d.orders + EXCLUDED.orders,
        quantity = d.quantity + EXCLUDED.quantity,
        views = d.views + EXCLUDED.views
""")


async def add_to_trends(session: AsyncSession, changes: Mapping[DayProduct, TrendChange]) -> None:
    """Adds the changes, sorted by key, so that workers that write the same day's rows wait for each other and do not deadlock.

    Days are shared by all partitions: call it late in the transaction, because it holds these rows until the commit.
    """
    if not changes:
        return
    keys = sorted(changes)
    rows = [changes[key] for key in keys]
    await session.execute(
        _ADD,
        {
            "days": [key.day for key in keys],
            "products": [key.product_id for key in keys],
            "orders": [row.orders for row in rows],
            "quantities": [row.quantity for row in rows],
            "views": [row.views for row in rows],
        },
    )
