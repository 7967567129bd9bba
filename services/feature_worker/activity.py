"""Writes what each account did with each product on each day, and all accounts together with it.

`known_on` is the day on which something came to be known: rows before a day are what was known at its beginning, for ever.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.events import OrderCancelled
from ordercast.services.feature_worker.aggregate import EPOCH_DAY, ActivityChange, ActivityKey, PlacedAt

_SUMS: Final = ("orders", "first_lines", "order_lines", "quantity", "amount", "cancelled_quantity", "views", "carts")
_NAMES: Final = ", ".join(_SUMS)
_ADDED: Final = ", ".join(f"{name} = t.{name} + EXCLUDED.{name}" for name in _SUMS)
# The pairs are those of this worker's partitions, so nobody else writes them. Products are everybody's: their rows are locked in
# the order of the key, so that workers wait for each other and do not deadlock.
_ADD: Final = text(f"""
    WITH change AS (
        SELECT account_id, product_id, DATE '{EPOCH_DAY}' + day AS day, DATE '{EPOCH_DAY}' + known_on AS known_on, {_NAMES}
        FROM unnest(
            CAST(:account_id AS bigint[]), CAST(:product_id AS bigint[]), CAST(:day AS integer[]), CAST(:known_on AS integer[]),
            CAST(:orders AS bigint[]), CAST(:first_lines AS bigint[]), CAST(:order_lines AS bigint[]),
            CAST(:quantity AS bigint[]), CAST(:amount AS numeric[]), CAST(:cancelled_quantity AS bigint[]),
            CAST(:views AS bigint[]), CAST(:carts AS bigint[])
        ) AS change (account_id, product_id, day, known_on, {_NAMES})
    ), pairs AS (
        INSERT INTO pair_activity AS t (account_id, product_id, day, known_on, {_NAMES})
        SELECT * FROM change
        ON CONFLICT (account_id, product_id, day, known_on) DO UPDATE SET {_ADDED}
    )
    INSERT INTO product_activity AS t (product_id, day, known_on, {_NAMES})
    SELECT product_id, day, known_on, {", ".join(f"sum({name})" for name in _SUMS)}
    FROM change GROUP BY product_id, day, known_on ORDER BY product_id, day, known_on
    ON CONFLICT (product_id, day, known_on) DO UPDATE SET {_ADDED}
""")  # noqa: S608 - the names above
_READ_PLACED: Final = text("SELECT id, created_at FROM public.orders WHERE id = ANY (CAST(:ids AS uuid[]))")


async def add_to_activity(session: AsyncSession, changes: Mapping[ActivityKey, ActivityChange]) -> None:
    """Adds the changes. Call it late in the transaction, because it holds rows of products, which all workers write."""
    if not changes:
        return
    account_id, product_id, day, known_on = zip(*changes, strict=True)
    parameters = {"account_id": account_id, "product_id": product_id, "day": day, "known_on": known_on}
    sums = {name: [getattr(change, name) for change in changes.values()] for name in _SUMS}
    await session.execute(_ADD, parameters | sums)


async def read_placed_at(session: AsyncSession, events: Iterable[object]) -> PlacedAt:
    """When the orders were placed whose cancellations do not say so: events of releases before `placed_at`.

    It stands in order_api's table. Without this, what they take back would count on the day of the cancellation.
    """
    ids = [
        event.order_id
        for event in events
        if isinstance(event, OrderCancelled) and event.placed_at is None and event.order_ref is None
    ]
    if not ids:
        return {}
    rows = await session.execute(_READ_PLACED, {"ids": ids})
    return {row.id: row.created_at for row in rows}
