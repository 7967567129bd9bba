"""Fills a system with the large shop and what its pages are about, and looks at how large it is."""

import asyncio
import time
from typing import Any, Final

from sqlalchemy import text

from ordercast.client import Client
from ordercast.infra.local.state import StateFolder, SystemInfo
from ordercast.services.shared.db.engine import open_database
from tests.bench import large_shop
from tests.bench.shop_extras import (
    LONG_ORDER,
    PREDICTIONS_OVER,
    add_people,
    publish_versions,
    refuse_some,
    tell_predictions,
    try_trainings,
)
from tests.support.caught_up import caught_up

POLL_S: Final = 0.5
# All that was sent is counted within this time (s), also on a busy machine.
COUNTED_WITHIN_S: Final = 3_600
STATEMENT_TIMEOUT_MS: Final = 300_000
SIZES: Final = """
    SELECT (SELECT count(*) FROM products) AS products, (SELECT count(*) FROM accounts) AS accounts,
        (SELECT count(*) FROM orders) AS orders, (SELECT count(*) FROM order_items) AS order_items,
        (SELECT count(*) FROM feature_rows) AS feature_rows, (SELECT count(*) FROM pair_activity) AS pair_activity,
        (SELECT count(*) FROM product_activity) AS product_activity, (SELECT count(*) FROM product_trends) AS product_trends,
        (SELECT count(*) FROM prediction_answers) AS prediction_answers
"""
BUYER: Final = """
    SELECT account_id FROM feature_rows WHERE product_id = :product AND order_count > 0 AND view_count > 0
    ORDER BY account_id LIMIT 1
"""
RAREST: Final = "SELECT product_id FROM order_items GROUP BY product_id ORDER BY count(*), product_id LIMIT 1"


async def fill(folder: StateFolder, info: SystemInfo, anonymous: Client, admin: Client) -> dict[str, object]:
    """The shop, and what its pages are about, by the names in their addresses."""
    began = time.perf_counter()
    totals = await large_shop.bring_in(admin)
    sent_s = time.perf_counter() - began
    await until_counted(info)
    print(
        f"filled: {totals.orders:,} orders and {totals.views:,} views sent in {sent_s:.0f} s, counted after"
        f" {time.perf_counter() - began:.0f} s",
        flush=True,
    )
    names: dict[str, object] = {**await publish_versions(folder, info, admin)}
    products = [row.id for row in await query(info, "SELECT id FROM products ORDER BY id LIMIT :most", most=LONG_ORDER)]
    names |= await add_people(anonymous, admin, products)
    names["teapot"] = products[len(large_shop.THINGS)]
    [(names["buyer"],)] = await query(info, BUYER, product=products[0])
    [(names["rarest"],)] = await query(info, RAREST)
    pairs = await query(info, "SELECT account_id, product_id FROM feature_rows LIMIT :most", most=PREDICTIONS_OVER)
    await tell_predictions(info, str(names["newer_demand"]), pairs)
    names |= await refuse_some(info, admin)
    names |= await try_trainings(admin)
    await until_counted(info)
    async with asyncio.timeout(COUNTED_WITHIN_S):
        while (await query(info, SIZES))[0].prediction_answers < PREDICTIONS_OVER:
            await asyncio.sleep(POLL_S)
    # What autovacuum does within the hours in which a shop of this size comes to be.
    await query(info, "VACUUM ANALYZE")
    return names


async def until_counted(info: SystemInfo) -> None:
    async with open_database(info.database_url, application="bench") as sessions, asyncio.timeout(COUNTED_WITHIN_S):
        while any((await caught_up(info.kafka_address, sessions)).values()):
            await asyncio.sleep(POLL_S)


async def size_of(info: SystemInfo) -> str:
    [sizes] = await query(info, SIZES)
    return ", ".join(f"{count:,} {table}" for table, count in sizes._mapping.items())


async def query(info: SystemInfo, statement: str, **parameters: Any) -> list[Any]:
    async with (
        open_database(info.database_url, application="bench", statement_timeout_ms=STATEMENT_TIMEOUT_MS) as sessions,
        sessions() as session,
    ):
        connection = await session.connection(execution_options={"isolation_level": "AUTOCOMMIT"})
        found = await connection.execute(text(statement), parameters)
        return list(found) if found.returns_rows else []
