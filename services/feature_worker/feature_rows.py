"""Writes feature rows, and the views that may still turn out to lie before a first order.

The caller holds the positions of the accounts' partitions, so nobody else writes these rows until it commits: what is read
here stays true.
"""

from collections.abc import Mapping, Sequence
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.feature_worker.aggregate import Pair, PairChange
from ordercast.services.feature_worker.merge import KnownFirst, Merged, merge

# LATERAL with OFFSET 0 looks each pair up by its key. A plain join tempts the planner into reading the whole table.
_READ_FIRSTS: Final = text("""
    SELECT r.account_id, r.product_id, r.first_ordered_at, r.first_event_id
    FROM unnest(CAST(:accounts AS bigint[]), CAST(:products AS bigint[])) AS pair (account_id, product_id)
    CROSS JOIN LATERAL (
        SELECT * FROM feature_rows AS f
        WHERE f.account_id = pair.account_id AND f.product_id = pair.product_id AND f.first_ordered_at IS NOT NULL
        OFFSET 0
    ) AS r
""")
_PRUNE_VIEWS: Final = text("""
    WITH pruned AS (
        DELETE FROM feature_view_times AS v
        USING unnest(CAST(:accounts AS bigint[]), CAST(:products AS bigint[]), CAST(:firsts AS timestamptz[]))
            AS moved (account_id, product_id, first_ordered_at)
        WHERE v.account_id = moved.account_id AND v.product_id = moved.product_id
            AND v.occurred_at >= moved.first_ordered_at
        RETURNING v.account_id, v.product_id, v.count
    )
    SELECT account_id, product_id, CAST(sum(count) AS bigint) FROM pruned GROUP BY account_id, product_id
""")
_KEEP_VIEWS: Final = text("""
    INSERT INTO feature_view_times AS v (account_id, product_id, occurred_at, count)
    SELECT * FROM unnest(
        CAST(:accounts AS bigint[]), CAST(:products AS bigint[]), CAST(:times AS timestamptz[]), CAST(:counts AS bigint[])
    )
    ON CONFLICT (account_id, product_id, occurred_at) DO UPDATE SET count = v.count + EXCLUDED.count
""")
_UPSERT: Final = text("""
    INSERT INTO feature_rows AS r (
        account_id, product_id, first_ordered_at, first_event_id, first_quantity, first_order_quantity, first_price,
        order_count, total_quantity, cancelled_quantity, view_count, views_before_first_order, last_viewed_at,
        last_ordered_at, partition, orders_offset, views_offset, updated_at
    )
    SELECT *, now() FROM unnest(
        CAST(:accounts AS bigint[]), CAST(:products AS bigint[]), CAST(:firsts AS timestamptz[]),
        CAST(:first_ids AS uuid[]), CAST(:first_quantities AS bigint[]), CAST(:first_order_quantities AS bigint[]),
        CAST(:first_prices AS numeric[]),
        CAST(:order_counts AS bigint[]), CAST(:quantities AS bigint[]), CAST(:cancelled AS bigint[]),
        CAST(:view_counts AS bigint[]), CAST(:views_before AS bigint[]), CAST(:last_viewed AS timestamptz[]),
        CAST(:last_ordered AS timestamptz[]), CAST(:partitions AS bigint[]), CAST(:orders_offsets AS bigint[]),
        CAST(:views_offsets AS bigint[])
    )
    ON CONFLICT (account_id, product_id) DO UPDATE SET
        -- A first order is only given where it comes before the known one.
        first_ordered_at = coalesce(EXCLUDED.first_ordered_at, r.first_ordered_at),
        first_event_id = coalesce(EXCLUDED.first_event_id, r.first_event_id),
        first_quantity = coalesce(EXCLUDED.first_quantity, r.first_quantity),
        first_order_quantity = coalesce(EXCLUDED.first_order_quantity, r.first_order_quantity),
        first_price = coalesce(EXCLUDED.first_price, r.first_price),
        order_count = r.order_count + EXCLUDED.order_count,
        total_quantity = r.total_quantity + EXCLUDED.total_quantity,
        cancelled_quantity = r.cancelled_quantity + EXCLUDED.cancelled_quantity,
        view_count = r.view_count + EXCLUDED.view_count,
        views_before_first_order = r.views_before_first_order + EXCLUDED.views_before_first_order,
        last_viewed_at = greatest(r.last_viewed_at, EXCLUDED.last_viewed_at),
        last_ordered_at = greatest(r.last_ordered_at, EXCLUDED.last_ordered_at),
        orders_offset = greatest(r.orders_offset, EXCLUDED.orders_offset),
        views_offset = greatest(r.views_offset, EXCLUDED.views_offset),
        updated_at = EXCLUDED.updated_at
""")


async def write_rows(session: AsyncSession, changes: Mapping[Pair, PairChange]) -> None:
    """Applies the changes. The same changes applied twice count twice."""
    if not changes:
        return
    merged = merge(changes, await _read_firsts(session, list(changes)))
    pruned = await _prune_views(session, merged)
    await _keep_views(session, merged)
    await _upsert(session, merged, pruned)


async def _read_firsts(session: AsyncSession, pairs: Sequence[Pair]) -> dict[Pair, KnownFirst]:
    rows = await session.execute(_READ_FIRSTS, _keys(pairs))
    return {Pair(account, product): KnownFirst(time, event_id) for account, product, time, event_id in rows}


async def _prune_views(session: AsyncSession, merged: Mapping[Pair, Merged]) -> dict[Pair, int]:
    """Drops the views that a new first order leaves behind it; how many they were, by pair."""
    moved = {pair: row.first.ordered_at for pair, row in merged.items() if row.first is not None}
    if not moved:
        return {}
    rows = await session.execute(_PRUNE_VIEWS, {**_keys(list(moved)), "firsts": list(moved.values())})
    return {Pair(account, product): count for account, product, count in rows}


async def _keep_views(session: AsyncSession, merged: Mapping[Pair, Merged]) -> None:
    kept = [(pair, time, count) for pair, row in merged.items() for time, count in sorted(row.views_before.items())]
    if not kept:
        return
    await session.execute(
        _KEEP_VIEWS,
        {
            **_keys([pair for pair, _, _ in kept]),
            "times": [time for _, time, _ in kept],
            "counts": [count for _, _, count in kept],
        },
    )


async def _upsert(session: AsyncSession, merged: Mapping[Pair, Merged], pruned: Mapping[Pair, int]) -> None:
    firsts = [row.first for row in merged.values()]
    changes = [row.change for row in merged.values()]
    await session.execute(
        _UPSERT,
        {
            **_keys(list(merged)),
            "firsts": [first.ordered_at if first else None for first in firsts],
            "first_ids": [first.event_id if first else None for first in firsts],
            "first_quantities": [first.quantity if first else None for first in firsts],
            "first_order_quantities": [first.order_quantity if first else None for first in firsts],
            "first_prices": [first.price if first else None for first in firsts],
            "order_counts": [change.order_count for change in changes],
            "quantities": [change.total_quantity for change in changes],
            "cancelled": [change.cancelled_quantity for change in changes],
            "view_counts": [change.view_count for change in changes],
            "views_before": [sum(row.views_before.values()) - pruned.get(pair, 0) for pair, row in merged.items()],
            "last_viewed": [change.last_viewed_at for change in changes],
            "last_ordered": [change.last_ordered_at for change in changes],
            "partitions": [change.partition for change in changes],
            "orders_offsets": [change.orders_offset for change in changes],
            "views_offsets": [change.views_offset for change in changes],
        },
    )


def _keys(pairs: Sequence[Pair]) -> dict[str, list[int]]:
    return {
        "accounts": [pair.account_id for pair in pairs],
        "products": [pair.product_id for pair in pairs],
    }
