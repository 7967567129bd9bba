"""The sample on a running system: it arrives whole, arrives once, and verify agrees with the worker."""

from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import asyncpg
import pytest

from ordercast.sample.make_sample import make_sample
from ordercast.sample.market.make_market import make_market
from ordercast.sample.market.parameters import read_market
from ordercast.sample.market.post_market import AnotherMarket, post_market
from ordercast.sample.market.simulate import simulate
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


async def test_a_market_that_was_interrupted_arrives_whole_and_once_and_verify_agrees(running: Running) -> None:
    """The connection is lost after the views; what is in then is what was simulated, and a third time adds nothing."""
    history = simulate(make_market(SEED, date(2026, 3, 1), accounts=30, products=6))

    def interrupt(what: str, _by: int) -> None:
        if what == "views":
            raise ConnectionError

    with pytest.raises(ConnectionError):
        await post_market(running.admin, history, advance=interrupt)
    posted = await post_market(running.admin, history)
    assert posted.orders + posted.orders_repeated == len(history.orders)
    async with connected(running.database_url) as connection:
        # As the API does after a day.
        await connection.execute("DELETE FROM idempotency_keys WHERE key LIKE 'sample-market-%'")
    again = await post_market(running.admin, history)
    assert (again.products, again.views, again.orders) == (0, 0, 0)
    result = await verify(running.database_url, running.bootstrap)
    assert result.differences == []
    async with connected(running.database_url) as connection:
        views = await connection.fetchval(
            "SELECT sum(view_count) FROM feature_rows JOIN products p ON p.id = product_id WHERE p.sku LIKE $1",
            f"market-{SEED}-%",
        )
        pieces = await connection.fetchval(
            "SELECT sum(quantity) FROM order_items JOIN orders o ON o.id = order_id"
            " WHERE o.order_ref LIKE $1 AND o.status <> 'CANCELLED'",
            f"market-{SEED}-%",
        )
    assert views == sum(one.views for one in history.occasions)
    assert pieces == sum(sum(order.lines.values()) for order in history.orders if not order.cancelled)


async def test_a_market_with_another_end_is_refused_before_its_views_are_added(running: Running) -> None:
    market = make_market(6, date(2026, 3, 1), accounts=3, products=2)
    await post_market(running.admin, simulate(market))
    moved = simulate(make_market(6, market.until + timedelta(days=1), accounts=3, products=2))
    done: list[str] = []
    with pytest.raises(AnotherMarket, match="order_ref is known with other content"):
        await post_market(running.admin, moved, advance=lambda what, _by: done.append(what))
    assert done == []


async def test_the_command_sends_a_market_and_writes_what_is_true_of_it(
    running: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ordercast.cli.sample.make_market", lambda seed, until: make_market(seed, until, accounts=9))
    file = tmp_path / "market.json"
    market = ("sample", "--mode", "market", "--seed", "7", "--until", "2026-03-01", "--parameters", str(file))
    result = await running.run(*market, "--json")
    assert result.exit_code == 0, result.output
    assert '"products":60' in result.stdout
    assert read_market(file) == make_market(7, date(2026, 3, 1), accounts=9)
    again = await running.run("sample", "--mode", "market", "--seed", "7", "--parameters", str(file))
    assert "0 orders added" in again.stdout, again.output
    assert read_market(file).until == date(2026, 3, 1)


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["market", "--orders", "5"], "a market has no --orders"),
        (["market", "--until", "2999-01-01"], "is not over"),
        (["market", "--seed", "-1"], "cannot be negative"),
        (["signal", "--until", "2026-01-01"], "neither --until nor --parameters"),
    ],
)
async def test_an_option_that_does_not_fit_the_mode_is_refused(
    running: Running, options: list[str], reason: str
) -> None:
    result = await running.run("sample", "--mode", *options)
    assert result.exit_code == 1
    assert reason in result.stderr
