"""The sample on a running system: it arrives whole, arrives once, and verify agrees with the worker."""

from collections import Counter

import asyncpg

from ordercast.sample.make_sample import make_sample
from ordercast.sample.post_sample import post_sample
from ordercast.system.operator_account import sample_password
from ordercast.verify import verify
from tests.integration.cli.conftest import Running
from tests.support.oracle_database import connected

SEED = 5
ORDERS = 200


async def counts(connection: asyncpg.Connection) -> list[int]:
    tables = ("accounts", "products", "orders", "order_items")
    return [await connection.fetchval(f"SELECT count(*) FROM {table}") for table in tables]  # noqa: S608


async def test_a_sample_arrives_as_it_was_made_and_a_second_time_adds_nothing(running: Running) -> None:
    sample = make_sample("uniform", SEED, orders=ORDERS)
    password = sample_password(running.system.folder)
    async with connected(running.database_url) as connection:
        others = [row["id"] for row in await connection.fetch("SELECT id FROM orders")]
        posted = await post_sample(running.anonymous, running.admin, sample, password=password)
        assert (len(posted.account_ids), len(posted.product_ids)) == (7, 100)
        assert (posted.orders, posted.views, posted.failures) == (ORDERS, 700, [])
        stored = await connection.fetch(
            "SELECT account_id, product_id, quantity FROM orders o JOIN order_items i ON i.order_id = o.id "
            "WHERE o.id <> ALL($1)",
            others,
        )
        assert Counter(tuple(row) for row in stored) == Counter(
            (posted.account_ids[order.account], posted.product_ids[item.product], item.quantity)
            for order in sample.orders()
            for item in order.items
        )
        before = await counts(connection)
        again = await post_sample(running.anonymous, running.admin, sample, password=password)
        assert (again.account_ids, again.product_ids) == (posted.account_ids, posted.product_ids)
        assert await counts(connection) == before
    result = await verify(running.database_url, running.bootstrap)
    assert result.differences == []
    assert result.feature_rows >= 700


async def test_the_second_sample_gets_the_nicknames_with_numbers_because_the_first_has_the_plain_ones(
    running: Running,
) -> None:
    password = sample_password(running.system.folder)
    uniform = make_sample("uniform", SEED, orders=0)
    signal = make_sample("signal", SEED, orders=20, accounts=8)
    await post_sample(running.anonymous, running.admin, uniform, password=password)
    posted = await post_sample(running.anonymous, running.admin, signal, password=password)
    async with connected(running.database_url) as connection:
        rows = await connection.fetch(
            "SELECT nickname FROM accounts WHERE id = ANY($1) ORDER BY email", posted.account_ids
        )
    assert [row["nickname"] for row in rows] == [*(f"User{n}_1" for n in range(1, 8)), "User8"]


async def test_an_order_that_the_api_refuses_is_reported_and_the_rest_go_on(running: Running) -> None:
    """The same keys with other bodies: the API refuses each order that differs."""
    password = sample_password(running.system.folder)
    sample = make_sample("signal", 77, orders=30, accounts=8)
    await post_sample(
        running.anonymous, running.admin, make_sample("signal", 77, orders=10, accounts=8), password=password
    )
    async with connected(running.database_url) as connection:
        # As if the first ten orders had been placed with another body under the same keys.
        await connection.execute(
            "UPDATE idempotency_keys SET body_sha256 = '\\x00' WHERE key ~ '^sample-signal-77-order-'"
        )
    posted = await post_sample(running.anonymous, running.admin, sample, password=password)
    assert sorted(failure.number for failure in posted.failures) == list(range(1, 11))
    assert all("Idempotency-Key" in failure.reason for failure in posted.failures)
    assert posted.orders == 20


async def test_the_command_says_what_it_sent(running: Running) -> None:
    result = await running.run("sample", "--mode", "uniform", "--seed", str(SEED), "--orders", "20", "--json")
    assert result.exit_code == 0, result.output
    assert '"orders":20' in result.stdout
    assert "sample_password" not in result.output
