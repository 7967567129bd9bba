"""Writes what was ordered, taken back and viewed in each quarter of an hour: of each product, and of the whole shop."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.feature_worker.aggregate import EPOCH, ProductQuarter, ShopQuarter, TrendChange
from ordercast.services.shared.db.features import TREND_BUCKET

_FIGURES: Final = """
    CAST(:starts AS timestamptz[]), CAST(:orders AS bigint[]), CAST(:order_lines AS bigint[]),
    CAST(:quantities AS bigint[]), CAST(:cancelled AS bigint[]), CAST(:views AS bigint[])
"""
_ADDED: Final = """
    orders = t.orders + EXCLUDED.orders,
    order_lines = t.order_lines + EXCLUDED.order_lines,
    quantity = t.quantity + EXCLUDED.quantity,
    cancelled_quantity = t.cancelled_quantity + EXCLUDED.cancelled_quantity,
    views = t.views + EXCLUDED.views
"""
_ADD_TO_PRODUCTS: Final = text(f"""
    INSERT INTO product_trends AS t (product_id, starts_at, orders, order_lines, quantity, cancelled_quantity, views)
    SELECT * FROM unnest(CAST(:products AS bigint[]), {_FIGURES})
    ON CONFLICT (product_id, starts_at) DO UPDATE SET {_ADDED}
""")  # noqa: S608 - the parts above
_ADD_TO_SHOP: Final = text(f"""
    INSERT INTO shop_trends AS t (partition, starts_at, orders, order_lines, quantity, cancelled_quantity, views)
    SELECT * FROM unnest(CAST(:partitions AS bigint[]), {_FIGURES})
    ON CONFLICT (starts_at, partition) DO UPDATE SET {_ADDED}
""")  # noqa: S608 - the parts above


async def add_to_trends(
    session: AsyncSession, products: Mapping[ProductQuarter, TrendChange], shop: Mapping[ShopQuarter, TrendChange]
) -> None:
    """Adds the changes, sorted by key, so that workers that write the same rows wait for each other and do not deadlock.

    Products are shared by all partitions: call it late in the transaction, because it holds these rows until the commit.
    The shop's rows are apart for each partition, so nobody waits for them.
    """
    if not shop:
        return
    by_product = sorted(products.items())
    await session.execute(
        _ADD_TO_PRODUCTS,
        {
            "products": [key.product_id for key, _ in by_product],
            **_figures([(key.quarter, change) for key, change in by_product]),
        },
    )
    of_shop = sorted(shop.items())
    await session.execute(
        _ADD_TO_SHOP,
        {
            "partitions": [key.partition for key, _ in of_shop],
            **_figures([(key.quarter, change) for key, change in of_shop]),
        },
    )


def _figures(changes: Sequence[tuple[int, TrendChange]]) -> dict[str, list[Any]]:
    return {
        "starts": [EPOCH + quarter * TREND_BUCKET for quarter, _ in changes],
        "orders": [change.orders for _, change in changes],
        "order_lines": [change.order_lines for _, change in changes],
        "quantities": [change.quantity for _, change in changes],
        "cancelled": [change.cancelled_quantity for _, change in changes],
        "views": [change.views for _, change in changes],
    }
