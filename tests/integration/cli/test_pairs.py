"""One pair on a running system: its row and days, verified over HTTP, and every change behind the worker's back is found."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import pytest

from ordercast.client.errors import ProblemAnswer
from tests.integration.cli.conftest import Running
from tests.support.oracle_database import connected

# What was changed behind the worker's back, and in which field it is found.
CHANGES = {
    "feature_rows SET view_count = view_count {} 1": "view_count",
    "feature_rows SET total_quantity = total_quantity {} 1": "total_quantity",
    "feature_rows SET last_ordered_at = last_ordered_at {} interval '1 second'": "last_ordered_at",
    "pair_activity SET amount = amount {} 1": "amount",
    "pair_activity SET cancelled_quantity = cancelled_quantity {} 1": "cancelled_quantity",
}


async def test_what_orders_cancellations_views_and_carts_say_is_what_the_worker_knows(
    running: Running, ordered: tuple[int, int]
) -> None:
    result = await running.admin.pairs.verify(*ordered)
    assert (result.difference_count, result.differences) == (0, [])
    assert (result.order_lines, result.view_events, result.views_left_out) == (3, 2, None)
    known = await running.admin.pairs.known(*ordered)
    assert known.row is not None
    assert (known.row.order_count, known.row.total_quantity, known.row.view_count) == (2, 16, 40)
    [day] = known.days
    assert (day.day, day.orders, day.cancelled_quantity, day.carts) == (datetime.now(UTC).date(), 2, 12, 2)
    assert known.row.updated_at <= known.as_of


@pytest.mark.parametrize("change", CHANGES)
async def test_a_change_behind_the_workers_back_is_found(
    running: Running, ordered: tuple[int, int], change: str
) -> None:
    await running.admin.pairs.verify(*ordered)  # the worker has it all
    where = "WHERE (account_id, product_id) = ($1, $2)"
    async with connected(running.database_url) as connection:
        await connection.execute(f"UPDATE {change.format('+')} {where}", *ordered)
        try:
            result = await running.admin.pairs.verify(*ordered)
        finally:
            await connection.execute(f"UPDATE {change.format('-')} {where}", *ordered)
    assert [difference.field for difference in result.differences] == [CHANGES[change]]
    assert (await running.admin.pairs.verify(*ordered)).difference_count == 0


async def test_a_refused_event_that_names_no_order_hides_none(running: Running, ordered: tuple[int, int]) -> None:
    async with connected(running.database_url) as connection:
        await connection.execute(
            """
            INSERT INTO outbox_dead_letters (shard, number, event_id, event_type, account_id, occurred_at, body, reason)
            VALUES (0, 900000001, gen_random_uuid(), 'ordercast.order.placed.v1', $1, now(), '{}', 'for a test')
            """,
            ordered[0],
        )
        try:
            result = await running.admin.pairs.verify(*ordered)
        finally:
            await connection.execute("DELETE FROM outbox_dead_letters WHERE number = 900000001")
    assert (result.order_lines, result.differences) == (3, [])


async def test_of_a_pair_with_nothing_there_is_nothing_and_no_difference(running: Running) -> None:
    known = await running.admin.pairs.known(900_000_001, 900_000_001)
    assert (known.row, known.days) == (None, [])
    assert (await running.admin.pairs.verify(900_000_001, 900_000_001)).difference_count == 0


async def test_customers_may_not(running: Running, customer_of: Callable[[str], Any]) -> None:
    customer = await customer_of(f"pair{uuid4().hex[:8]}")
    with pytest.raises(ProblemAnswer, match="only these roles"):
        await customer.pairs.verify(1, 1)
