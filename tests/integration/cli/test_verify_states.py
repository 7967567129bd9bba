"""verify compares the last event of each product and account with the database: 0 differences after changes, and each one found."""

import asyncio
import json
from collections.abc import Callable
from decimal import Decimal
from typing import Any
from uuid import uuid4

from aiokafka import AIOKafkaProducer

from ordercast.client.kafka import ends_of, open_consumer, read_from
from ordercast.kafka_security import client_arguments
from ordercast.verify import Verification, verify
from tests.integration.cli.conftest import Running
from tests.support.oracle_database import connected


async def published(running: Running) -> Verification:
    """What verify finds once no event waits."""
    async with connected(running.database_url) as connection, asyncio.timeout(30):
        while await connection.fetchval("SELECT count(*) FROM state_outbox"):
            await asyncio.sleep(0.05)
    return await verify(running.database_url, running.bootstrap)


async def changed_product(running: Running) -> int:
    name = f"states{uuid4().hex[:8]}"
    product = await running.admin.order_api.create_product(name, "before", Decimal("2.50"), "USD")
    await running.admin.order_api.change_product(product.id, name="after", price=Decimal("0.0001"))
    await running.admin.order_api.change_product(product.id, active=False)
    return product.id


async def test_products_and_accounts_that_were_made_changed_and_erased_make_no_difference(
    running: Running, customer_of: Callable[[str], Any]
) -> None:
    customer = await customer_of(f"states{uuid4().hex[:8]}")
    await changed_product(running)
    erased = await running.run("accounts", "erase", str((await customer.order_api.me()).id), "--yes")
    assert erased.exit_code == 0, erased.output
    result = await published(running)
    assert result.difference_count == 0, list(map(str, result.differences))
    async with connected(running.database_url) as connection:
        counts = await connection.fetchrow("SELECT (SELECT count(*) FROM products), (SELECT count(*) FROM accounts)")
    assert (result.products, result.accounts) == tuple(counts)


async def test_a_product_that_was_changed_without_an_event_is_a_difference(running: Running) -> None:
    product_id = await changed_product(running)
    await published(running)
    silently = """
        ALTER TABLE products DISABLE TRIGGER keep_changed_state;
        UPDATE products SET name = '{}' WHERE id = {};
        ALTER TABLE products ENABLE TRIGGER keep_changed_state;
    """
    async with connected(running.database_url) as connection:
        await connection.execute(silently.format("else", product_id))
        try:
            result = await verify(running.database_url, running.bootstrap)
        finally:
            await connection.execute(silently.format("after", product_id))
    assert [str(one) for one in result.differences] == [
        f"last events of products product_id={product_id}: name is after, should be else"
    ]
    assert (await published(running)).difference_count == 0


async def test_an_old_state_after_a_newer_one_is_a_difference_until_all_are_sent_again(running: Running) -> None:
    product_id = await changed_product(running)
    await published(running)
    async with open_consumer(running.bootstrap) as consumer:
        ends = await ends_of(consumer, ["products"])
        read_from(consumer, dict.fromkeys(ends, 0))
        records: list[Any] = []
        async with asyncio.timeout(30):
            while len(records) < 3:
                fetched = await consumer.getmany(timeout_ms=500)
                records += [one for batch in fetched.values() for one in batch if one.key == str(product_id).encode()]
    first = records[0]
    async with AIOKafkaProducer(acks="all", enable_idempotence=True, **client_arguments(running.bootstrap)) as producer:
        await producer.send_and_wait(
            "products", first.value, key=first.key, partition=first.partition, headers=list(first.headers)
        )
    try:
        result = await verify(running.database_url, running.bootstrap)
    finally:
        resent = [await running.run("events", "resend", topic, "--json") for topic in ("products", "accounts")]
    assert {one.field for one in result.differences} == {"name", "price", "active"}
    assert [one.exit_code for one in resent] == [0, 0], resent[0].output
    repaired = await published(running)
    assert [json.loads(one.stdout)["sent"] for one in resent] == [repaired.products, repaired.accounts]
    assert repaired.difference_count == 0, list(map(str, repaired.differences))


async def test_a_record_that_is_no_event_is_told_and_makes_no_difference(running: Running) -> None:
    async with AIOKafkaProducer(acks="all", enable_idempotence=True, **client_arguments(running.bootstrap)) as producer:
        await producer.send_and_wait(
            "products", b"poison", key=b"poison", partition=0, headers=[("ce_type", b"nonsense")]
        )
    result = await published(running)
    assert (result.unreadable_states, result.differences) == (1, [])
    told = await running.run("verify")
    assert told.exit_code == 0, told.output
    assert "1 records in the topics products and accounts are no events" in told.stdout
