"""What migrations make of the rows that are there: sums of what the worker has counted, and of nothing else."""

from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Final

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from tests.support.migrating import migrate


@pytest.fixture
async def engine(empty_database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(empty_database_url)
    yield engine
    await engine.dispose()


TWO_ORDERS: Final = (
    "INSERT INTO accounts (id, nickname, role, login_type) VALUES (1, 'shop', 'CUSTOMER', 'EXTERNAL')",
    """INSERT INTO products (id, sku, name, price, currency)
    SELECT id, 'sku-' || id, 'product', 1, 'EUR' FROM generate_series(1, 3) AS id""",
    """INSERT INTO orders (id, account_id, status, currency, total, created_at)
    SELECT CAST('00000000-0000-0000-0000-00000000000' || n AS uuid), 1, 'PENDING', 'EUR', 1, now()
    FROM generate_series(1, 2) AS n""",
    """INSERT INTO order_items (order_id, line, product_id, quantity, unit_price)
    SELECT CAST('00000000-0000-0000-0000-00000000000' || n AS uuid), line, product_id, quantity, 1
    FROM (VALUES (1, 1, 1, 2), (1, 2, 2, 9), (1, 3, 1, 5), (2, 1, 1, 7)) AS i (n, line, product_id, quantity)""",
    """INSERT INTO feature_rows (
        account_id, product_id, first_ordered_at, first_event_id, first_quantity, partition, updated_at
    )
    SELECT 1, product_id, CASE WHEN n > 0 THEN now() END, CAST('00000000-0000-0000-0000-00000000000' || n AS uuid),
        quantity, 1, now()
    FROM (VALUES (1, 1, 2), (2, 1, 9), (3, NULL, NULL)) AS f (product_id, n, quantity)""",
)


async def test_the_quantity_of_the_first_order_is_filled_from_its_lines(engine: AsyncEngine) -> None:
    await migrate(engine, "0009")
    async with engine.begin() as connection:
        for statement in TWO_ORDERS:
            await connection.execute(text(statement))
    await migrate(engine, "head")
    async with engine.connect() as connection:
        query = "SELECT product_id, first_quantity, first_order_quantity FROM feature_rows ORDER BY product_id"
        rows = [tuple(row) for row in await connection.execute(text(query))]
        assert rows == [(1, 2, 7), (2, 9, 9), (3, None, None)]


COUNTED_UP_TO_THE_LAST_ORDER: Final = (
    *TWO_ORDERS[:2],
    """INSERT INTO orders (id, account_id, status, currency, total, is_cancellation, created_at, cancelled_at)
    SELECT CAST('00000000-0000-0000-0000-00000000000' || n AS uuid), 1, status, 'EUR', 1, history,
        TIMESTAMPTZ '2026-03-01 10:20Z' + n * INTERVAL '1 day', CAST(cancelled_at AS timestamptz)
    FROM (VALUES
        (1, 'PENDING', false, NULL), (2, 'CANCELLED', false, '2026-03-05 00:10Z'), (3, 'CANCELLED', true, '2026-03-06 00:10Z'),
        (4, 'PENDING', false, NULL), (5, 'CANCELLED', false, '2026-03-07 00:10Z')
    ) AS o (n, status, history, cancelled_at)""",
    """INSERT INTO order_items (order_id, line, product_id, quantity, unit_price)
    SELECT CAST('00000000-0000-0000-0000-00000000000' || n AS uuid), line, product_id, quantity, 1
    FROM (VALUES (1, 1, 1, 2), (1, 2, 2, 9), (1, 3, 1, 5), (2, 1, 1, 7), (3, 1, 1, 4), (4, 1, 2, 6), (5, 1, 1, 1))
        AS i (n, line, product_id, quantity)""",
    # The orders 4 and 5, and 5's cancellation, are on their way.
    """INSERT INTO feature_rows (
        account_id, product_id, order_count, total_quantity, cancelled_quantity, partition, updated_at
    ) VALUES (1, 1, 2, 14, 11, 1, now()), (1, 2, 1, 9, 0, 1, now())""",
    "INSERT INTO daily_trends VALUES ('2026-03-02', 1, 1, 7, 30), ('2026-03-02', 2, 1, 9, 12), ('2026-03-03', 1, 1, 7, 0)",
)


async def test_trends_are_made_of_what_is_counted_and_of_nothing_else(engine: AsyncEngine) -> None:
    await migrate(engine, "0013")
    figures = "CAST(starts_at AT TIME ZONE 'UTC' AS text), orders, order_lines, quantity, cancelled_quantity, views"
    async with engine.begin() as connection:
        for statement in COUNTED_UP_TO_THE_LAST_ORDER:
            await connection.execute(text(statement))
    await migrate(engine, "head")
    async with engine.connect() as connection:
        products = await connection.execute(text(f"SELECT product_id, {figures} FROM product_trends ORDER BY 1, 2"))  # noqa: S608
        assert [tuple(row) for row in products] == [
            (1, "2026-03-02 10:15:00", 1, 2, 7, 0, 0),
            (1, "2026-03-02 12:00:00", 0, 0, 0, 0, 30),
            (1, "2026-03-03 10:15:00", 1, 1, 7, 0, 0),
            (1, "2026-03-05 00:00:00", 0, 0, 0, 7, 0),
            (1, "2026-03-06 00:00:00", 0, 0, 0, 4, 0),
            (2, "2026-03-02 10:15:00", 1, 1, 9, 0, 0),
            (2, "2026-03-02 12:00:00", 0, 0, 0, 0, 12),
        ]
        shop = await connection.execute(text(f"SELECT partition, {figures} FROM shop_trends ORDER BY 2"))  # noqa: S608
        assert [tuple(row) for row in shop] == [
            (1, "2026-03-02 10:15:00", 1, 3, 16, 0, 0),
            (0, "2026-03-02 12:00:00", 0, 0, 0, 0, 42),
            (1, "2026-03-03 10:15:00", 1, 1, 7, 0, 0),
            (1, "2026-03-05 00:00:00", 0, 0, 0, 7, 0),
            (1, "2026-03-06 00:00:00", 0, 0, 0, 4, 0),
        ]


# Pieces that came back before the migration, of an order whose rest was cancelled later.
BACK_IN_PARTS: Final = (
    """INSERT INTO order_cancellations (event_id, line, order_id, quantity, cancelled_at)
    VALUES (gen_random_uuid(), 1, '00000000-0000-0000-0000-000000000002', 3, '2026-03-04 00:10Z')""",
    "UPDATE order_items SET unit_price = 2.5 WHERE line = 1",
)


async def test_activity_is_made_of_what_is_counted_and_of_nothing_else(engine: AsyncEngine) -> None:
    await migrate(engine, "0018")
    sums = "day::text, known_on::text, orders, first_lines, order_lines, quantity, amount, cancelled_quantity, views"
    async with engine.begin() as connection:
        for statement in (*COUNTED_UP_TO_THE_LAST_ORDER, *BACK_IN_PARTS):
            await connection.execute(text(statement))
    await migrate(engine, "head")
    async with engine.connect() as connection:
        for table in ("pair_activity", "product_activity"):
            rows = await connection.execute(text(f"SELECT product_id, {sums} FROM {table} ORDER BY 1, 2, 3"))  # noqa: S608
            assert [tuple(row) for row in rows] == [
                (1, "2026-03-02", "2026-03-02", 1, 1, 2, 7, 10, 0, 0),
                (1, "2026-03-03", "2026-03-03", 1, 1, 1, 7, Decimal("17.5"), 0, 0),
                (1, "2026-03-03", "2026-03-04", 0, 0, 0, 0, 0, 3, 0),
                (1, "2026-03-03", "2026-03-05", 0, 0, 0, 0, 0, 4, 0),
                (1, "2026-03-04", "2026-03-06", 0, 0, 0, 0, 0, 4, 0),
                (2, "2026-03-02", "2026-03-02", 1, 0, 1, 9, 9, 0, 0),
            ]
