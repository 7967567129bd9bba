"""What verify reads from PostgreSQL: the orders, which it believes, and the worker's tables, which it judges. Raw SQL."""

from typing import Final

import asyncpg

from ordercast.client.database import slices
from ordercast.verify.compare import Difference
from ordercast.verify.spool import Spool

# Moments as microseconds since 1970, money as ten-thousandths: whole numbers, so that nothing is rounded on the way. An event that
# Kafka refused (`ordercast outbox list`) is not expected in the table: its number has passed, what it says has not. A row for each
# line that was ordered, and one for each time that pieces of it were taken back.
ORDER_ITEMS_SQL: Final = """
    WITH refused AS (
        SELECT event_id, event_type, (convert_from(body, 'UTF8')::json ->> 'order_id')::uuid AS order_id FROM outbox_dead_letters
    ), lines AS (
        SELECT o.account_id, i.product_id, o.id::text AS order_text, i.line::bigint, i.quantity,
            (i.unit_price * 10000)::bigint AS price, (extract(epoch FROM o.created_at) * 1000000)::bigint AS ordered_at,
            o.id AS order_id, o.status, o.is_cancellation, o.cancelled_at
        FROM orders o JOIN order_items i ON i.order_id = o.id
    ), taken_back AS (
        SELECT order_id, line::bigint, quantity, cancelled_at FROM order_cancellations
        WHERE event_id NOT IN (SELECT event_id FROM refused)
        UNION ALL
        SELECT order_id, line, l.quantity - coalesce(c.quantity, 0), cancelled_at
        FROM lines l LEFT JOIN (
            SELECT order_id, line::bigint, sum(quantity)::bigint AS quantity FROM order_cancellations GROUP BY 1, 2
        ) c USING (order_id, line)
        WHERE status = 'CANCELLED' AND l.quantity > coalesce(c.quantity, 0) AND order_id NOT IN (
            SELECT order_id FROM refused WHERE event_type = 'ordercast.order.cancelled.v1'
                AND event_id NOT IN (SELECT event_id FROM order_cancellations)
        )
    )
    SELECT account_id, product_id, order_text, line, quantity, price, ordered_at, NULL::bigint, true, false
    FROM lines WHERE NOT is_cancellation AND order_id NOT IN (
        SELECT order_id FROM refused WHERE event_type = 'ordercast.order.placed.v1'
    )
    UNION ALL
    SELECT account_id, product_id, order_text, line, b.quantity, price, ordered_at,
        (extract(epoch FROM b.cancelled_at) * 1000000)::bigint, false, true
    FROM taken_back b JOIN lines l USING (order_id, line)
"""
# What has been seen of the outbox's streams, and of those of which numbers are missing: how many are missing below others (but for
# gaps that somebody has accepted), and the last one that the outbox has given (NULL: no table says how many there are). What lies
# above it is not missing.
NUMBERS_SQL: Final = """
    WITH runs AS (
        SELECT topic, partition, producer, 1 AS first, last_sequence AS last FROM feature_last_sequences
        WHERE (topic = 'orders' AND producer = 'outbox')
            OR (topic, partition, producer) IN (SELECT topic, partition, producer FROM feature_sequences_ahead)
        UNION ALL
        SELECT topic, partition, producer, first_sequence, last_sequence FROM feature_sequences_ahead
    ), known AS (
        SELECT r.*, first - 1 - lag(last) OVER (PARTITION BY topic, partition, producer ORDER BY first) AS hole,
            CASE WHEN topic = 'orders' AND producer = 'outbox' THEN coalesce(o.last_number, 0) END AS given,
            coalesce((
                SELECT max(missing_up_to) FROM feature_repairs p
                WHERE (p.topic, p.partition, p.producer) = (r.topic, r.partition, r.producer)
            ), 0) AS accepted
        FROM runs r LEFT JOIN outbox_shards o ON o.shard = r.partition
    )
    SELECT topic, partition, producer, max(last) AS highest, max(given) AS given,
        coalesce(sum(hole) FILTER (WHERE first > accepted AND first <= coalesce(given, first)), 0) AS missing
    FROM known GROUP BY topic, partition, producer ORDER BY topic, partition, producer
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
# Amounts modulo 2^62: the largest order alone is more than a bigint holds.
PAIR_ACTIVITY_SQL: Final = """
    SELECT account_id, product_id, day - DATE '1970-01-01', known_on - DATE '1970-01-01', orders, first_lines, order_lines,
        quantity, mod(amount * 10000, 4611686018427387904)::bigint, cancelled_quantity, views, carts
    FROM pair_activity
"""
PRODUCT_ACTIVITY_SQL: Final = """
    SELECT product_id, day - DATE '1970-01-01', known_on - DATE '1970-01-01', orders, first_lines, order_lines, quantity,
        mod(amount * 10000, 4611686018427387904)::bigint, cancelled_quantity, views, carts
    FROM product_activity
"""
# In the columns of `prediction_events.PredictionRow`. Those from before so many days are deleted now and then, and not compared.
PREDICTIONS_KEPT_DAYS: Final = 180
PREDICTIONS_SQL: Final = """
    SELECT account_id, product_id, starts_on - DATE '1970-01-01', model_version, ends_on - DATE '1970-01-01',
        (extract(epoch FROM made_at) * 1000000)::bigint, order_probability, expected_quantity, low, high, level, naive_quantity
    FROM prediction_answers
"""
PREDICTION_POSITIONS_SQL: Final = "SELECT partition, next_offset FROM feature_positions WHERE topic = 'predictions'"
OLDEST_PREDICTION_SQL: Final = f"SELECT (now() AT TIME ZONE 'UTC')::date - DATE '1970-01-01' - {PREDICTIONS_KEPT_DAYS}"

ITEMS_SQL: Final = "SELECT count(*) FROM order_items"
ROWS_SQL: Final = """
    SELECT (SELECT count(*) FROM order_items) + (SELECT count(*) FROM order_cancellations) + (SELECT count(*) FROM feature_rows)
        + (SELECT count(*) FROM pair_activity)
"""


async def item_count(connection: asyncpg.Connection) -> int:
    """Lines of orders and of cancellations."""
    return int(await connection.fetchval(ITEMS_SQL))


async def row_count(connection: asyncpg.Connection) -> int:
    """Order items, what was taken back of them, feature rows and their days together."""
    return int(await connection.fetchval(ROWS_SQL))


async def prediction_positions(connection: asyncpg.Connection) -> dict[int, int]:
    """Up to where the worker has read the topic `predictions`, by partition."""
    return {int(partition): int(offset) for partition, offset in await connection.fetch(PREDICTION_POSITIONS_SQL)}


async def oldest_prediction(connection: asyncpg.Connection) -> int:
    """The first day, counted from 1970 on, of predictions that are kept."""
    return int(await connection.fetchval(OLDEST_PREDICTION_SQL))


async def number_differences(connection: asyncpg.Connection) -> list[Difference]:
    """Numbers that are missing in a stream, and numbers that were seen although the outbox has not given them."""
    found: list[Difference] = []
    for topic, partition, producer, highest, given, missing in await connection.fetch(NUMBERS_SQL):
        table, key = f"numbers of {producer} in {topic}", {"partition": int(partition)}
        if missing:
            found.append(Difference(table, key, "missing", 0, int(missing)))
        if given is not None and highest > given:
            found.append(Difference(table, key, "highest", int(given), int(highest)))
    return found


async def read_into(spool: Spool, connection: asyncpg.Connection, query: str) -> None:
    async for rows in slices(connection, query):
        spool.add(rows)
