"""verify on a running system: 0 differences with the real worker, and every change behind its back is found."""

import asyncio
import getpass
import json
import signal
import socket
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from uuid import uuid4

import pytest
from aiokafka import AIOKafkaProducer

from ordercast.client.caught_up import NotCaughtUp
from ordercast.client.database import DatabaseUnavailable, snapshot
from ordercast.client.kafka import KafkaUnavailable
from ordercast.contracts.activity import SUMS
from ordercast.kafka_security import client_arguments
from ordercast.verify import verify
from ordercast.verify.event_topics import open_prediction_topic, open_view_topic
from tests.integration.cli.conftest import Running
from tests.support.oracle_database import connected
from tests.support.predictions import VERSION, prediction, prediction_record

EPOCH = date(1970, 1, 1)

# One row of each of the trends.
PRODUCT_TREND = """product_trends SET orders = orders {} 1
    WHERE product_id = $1 AND starts_at = (SELECT max(starts_at) FROM product_trends WHERE product_id = $1)"""
SHOP_TREND = """shop_trends SET orders = orders {} 1
    WHERE (starts_at, partition) = (SELECT starts_at, partition FROM shop_trends ORDER BY 1 DESC, 2 LIMIT 1)"""

ACTIVITY_SUMS = [column.name for column in SUMS]
# Every column of one row of the activity by day.
ACTIVITY = [
    f"""{table} SET {", ".join(f"{name} = {name} {{0}} 1" for name in ACTIVITY_SUMS)}
    WHERE ctid = (SELECT ctid FROM {table} WHERE product_id = $1 ORDER BY day, known_on LIMIT 1)"""  # noqa: S608
    for table in ("pair_activity", "product_activity")
]


async def test_orders_cancellations_and_views_make_no_difference(running: Running, ordered: tuple[int, int]) -> None:
    result = await verify(running.database_url, running.bootstrap)
    assert result.difference_count == 0, list(map(str, result.differences))
    async with connected(running.database_url) as connection:
        row = await connection.fetchrow(
            "SELECT * FROM feature_rows WHERE (account_id, product_id) = ($1, $2)", *ordered
        )
        day = await connection.fetchrow(
            f"SELECT {', '.join(f'sum({name})' for name in ACTIVITY_SUMS)} FROM pair_activity "  # noqa: S608
            "WHERE (account_id, product_id) = ($1, $2)",
            *ordered,
        )
    assert (row["order_count"], row["total_quantity"], row["cancelled_quantity"], row["view_count"]) == (2, 16, 12, 40)
    assert dict(zip(ACTIVITY_SUMS, day, strict=True)) == {
        "orders": 2,
        "first_lines": 2,
        "order_lines": 3,
        "quantity": 16,
        "amount": Decimal(40),
        "cancelled_quantity": 12,
        "views": 40,
        "carts": 2,
    }


async def test_an_erasure_makes_no_difference(running: Running, ordered: tuple[int, int], tmp_path: Path) -> None:
    account, _ = ordered
    await verify(running.database_url, running.bootstrap)  # the worker has it all
    file, name = tmp_path / "person.ndjson", (await running.admin.order_api.account(account)).nickname
    exported = await running.run("accounts", "export", str(account), "--out", str(file))
    kept = await running.run("accounts", "erase", str(account), input="n\n")
    erased = await running.run("accounts", "erase", str(account), "--yes")

    assert exported.exit_code == 0, exported.output
    kinds = [json.loads(line)["kind"] for line in file.read_text().splitlines()]
    assert {"account", "order", "order-line", "feature-row", "activity", "end"} <= set(kinds)
    assert (file.stat().st_mode & 0o077, name in file.read_text()) == (0, True)
    assert (kept.exit_code, "nothing was erased" in kept.stderr) == (1, True)
    assert erased.exit_code == 0, erased.output
    assert (await running.admin.order_api.account(account)).email is None
    result = await verify(running.database_url, running.bootstrap)
    assert result.difference_count == 0, list(map(str, result.differences))
    missing = await running.run("accounts", "export", "1000000000", "--out", str(tmp_path / "none"))
    assert (missing.exit_code, "there is no account 1000000000" in missing.stderr) == (1, True)
    assert not (tmp_path / "none").exists()


async def test_each_change_behind_the_workers_back_is_one_difference_and_exit_code_1(
    running: Running, ordered: tuple[int, int]
) -> None:
    await verify(running.database_url, running.bootstrap)
    where = "WHERE (account_id, product_id) = ($1, $2)"
    async with connected(running.database_url) as connection:
        await connection.execute(f"UPDATE feature_rows SET view_count = view_count + 1 {where}", *ordered)  # noqa: S608
        await connection.execute(f"UPDATE {PRODUCT_TREND.format('+')}", ordered[1])
        await connection.execute(f"UPDATE {SHOP_TREND.format('+')}")
        for row in ACTIVITY:
            await connection.execute(f"UPDATE {row.format('+')}", ordered[1])
        try:
            result = await running.run("verify", "--json")
        finally:
            await connection.execute(f"UPDATE feature_rows SET view_count = view_count - 1 {where}", *ordered)  # noqa: S608
            await connection.execute(f"UPDATE {PRODUCT_TREND.format('-')}", ordered[1])
            await connection.execute(f"UPDATE {SHOP_TREND.format('-')}")
            for row in ACTIVITY:
                await connection.execute(f"UPDATE {row.format('-')}", ordered[1])
    assert result.exit_code == 1
    found = json.loads(result.stdout)
    one_of = {"amount": 10_000}  # in ten-thousandths
    assert [(d["table"], d["field"], d["found"] - d["expected"]) for d in found["differences"]] == [
        ("feature_rows", "view_count", 1),
        *(("pair_activity", name, one_of.get(name, 1)) for name in ACTIVITY_SUMS),
        *(("product_activity", name, one_of.get(name, 1)) for name in ACTIVITY_SUMS),
        ("product_trends", "orders", 1),
        ("shop_trends", "orders", 1),
    ]
    assert found["differences"][0]["key"] == {"account_id": ordered[0], "product_id": ordered[1]}
    good = await running.run("verify")
    assert good.exit_code == 0, good.output
    assert good.stdout.splitlines()[-1] == "verify: 0 differences"


async def test_predictions_that_were_given_are_compared_with_their_topic(running: Running) -> None:
    account_id, today = 900_000 + int(uuid4().hex[:4], 16), datetime.now(UTC).date()
    said = [
        prediction(account_id, 5, today, expected_quantity=0.1 + 0.2),
        prediction(account_id, 5, today, expected_quantity=9.0),
        prediction(account_id, 5, today - timedelta(days=500)),
    ]
    others = (await verify(running.database_url, running.bootstrap)).predictions
    async with open_prediction_topic(running.bootstrap) as topic:
        place = account_id % topic.partitions
    async with AIOKafkaProducer(acks="all", enable_idempotence=True, **client_arguments(running.bootstrap)) as producer:
        for number, one in enumerate(said, start=1):
            record = prediction_record(one, number, f"predictions:{account_id}")
            await producer.send_and_wait("predictions", record.value, partition=place, headers=record.headers)
    change = "UPDATE prediction_answers SET expected_quantity = $2 WHERE account_id = $1"
    async with connected(running.database_url) as connection, asyncio.timeout(30):
        while (
            await connection.fetchval("SELECT count(*) FROM prediction_answers WHERE account_id = $1", account_id) < 2
        ):
            await asyncio.sleep(0.05)
        good = await verify(running.database_url, running.bootstrap)
        assert (good.difference_count, good.predictions) == (0, others + 1), list(map(str, good.differences))
        await connection.execute(change, account_id, 0.5)
        result = await verify(running.database_url, running.bootstrap)
        await connection.execute("DELETE FROM prediction_answers WHERE account_id = $1", account_id)
        gone = await verify(running.database_url, running.bootstrap)
    assert [(found.field, found.expected, found.found) for found in result.differences] == [
        ("expected_quantity", 0.1 + 0.2, 0.5)
    ]
    assert str(result.differences[0]).startswith(
        f"prediction_answers account_id={account_id}, product_id=5, starts_on={(today - EPOCH).days}, model_version=v2026"
    )
    assert [(found.field, found.expected) for found in gone.differences] == [(None, "a row")]
    async with connected(running.database_url) as connection:
        await connection.execute(
            "INSERT INTO prediction_answers VALUES ($1, 5, $2, $3, $4, $5, 0.5, $6, 0, 9, 0.9, 1)",
            *(account_id, today, VERSION, today + timedelta(days=27), said[0].made_at, 0.1 + 0.2),
        )
    assert (await verify(running.database_url, running.bootstrap)).difference_count == 0


async def test_a_record_that_is_no_view_is_told_and_makes_no_difference(running: Running) -> None:
    async with AIOKafkaProducer(acks="all", enable_idempotence=True, **client_arguments(running.bootstrap)) as producer:
        await producer.send_and_wait("views", b"poison", partition=0, headers=[("ce_type", b"nonsense")])
    result = await verify(running.database_url, running.bootstrap)
    assert result.unreadable_records >= 1
    assert result.differences == []
    listed = await running.run("dead-letters", "list", "--json")
    assert listed.exit_code == 0, listed.exception
    assert any(letter["body"] == "poison" and letter["state"] == "waiting" for letter in json.loads(listed.stdout))


async def test_numbers_that_do_not_add_up_are_differences_and_nothing_is_waited_for(
    running: Running, ordered: tuple[int, int]
) -> None:
    """A number of the outbox that nobody has given, and two that are missing in another stream."""
    shard, highest = ordered[0] % len(await topic_ends(running)), 2**63 - 1
    numbers = [("orders", shard, "outbox", highest, highest), ("views", shard, "stranger", 5, 6)]
    async with connected(running.database_url) as connection:
        given = await connection.fetchval("SELECT last_number FROM outbox_shards WHERE shard = $1", shard)
        await connection.executemany("INSERT INTO feature_sequences_ahead VALUES ($1, $2, $3, $4, $5)", numbers)
        await connection.execute("INSERT INTO feature_last_sequences VALUES ('views', $1, 'stranger', 2, now())", shard)
        try:
            result = await verify(running.database_url, running.bootstrap)
        finally:
            await connection.execute("DELETE FROM feature_sequences_ahead")
            await connection.execute("DELETE FROM feature_last_sequences WHERE producer = 'stranger'")
    assert [(d.table, d.key, d.field, d.expected, d.found) for d in result.differences] == [
        ("numbers of outbox in orders", {"partition": shard}, "highest", given, highest),
        ("numbers of stranger in views", {"partition": shard}, "missing", 0, 2),
    ]


async def test_a_strangers_number_is_told_and_repaired_and_no_order_is_lost_to_it(
    running: Running, ordered: tuple[int, int]
) -> None:
    """On real Kafka and PostgreSQL: the third order from now on would have the number that the stranger has used."""
    shop = running.admin.order_api
    shard = (await shop.me()).id % len(await topic_ends(running))
    async with connected(running.database_url) as connection:
        given = await connection.fetchval(
            "SELECT coalesce(max(last_number), 0) FROM outbox_shards WHERE shard = $1", shard
        )
    forged = {"ce_producer": b"outbox", "ce_numbering": b"dense", "ce_sequence": str(given + 3).encode()}
    async with AIOKafkaProducer(acks="all", enable_idempotence=True, **client_arguments(running.bootstrap)) as producer:
        await producer.send_and_wait("orders", b"junk", partition=shard, headers=list(forged.items()))

    async with asyncio.timeout(30):
        while "the outbox has given" not in (await running.run("status", "--json")).stdout:
            await asyncio.sleep(0.2)
    found = await verify(running.database_url, running.bootstrap)
    assert [(d.table, d.field, d.expected, d.found) for d in found.differences] == [
        ("numbers of outbox in orders", "highest", given, given + 3)
    ]
    told = f"orders/{shard} outbox: the number {given + 3} was seen, and the outbox has given {given}"
    dry = await running.run("features", "resume", "--dry-run")
    assert (dry.exit_code, dry.stdout.splitlines()) == (0, [told, f"  numbers above {given} would be forgotten"])
    assert (await verify(running.database_url, running.bootstrap)).difference_count == 1

    nothing = await running.run("features", "resume", "--stream", "nobody")
    assert (nothing.exit_code, nothing.stderr.strip()) == (1, "error: the numbers of nobody add up")
    repaired = await running.run("features", "resume", "--stream", "outbox", "--reason", "a stranger")
    assert (repaired.exit_code, repaired.stdout.splitlines()) == (0, [told, f"  numbers above {given} are forgotten"])
    listed = json.loads((await running.run("features", "repairs", "--json")).stdout)
    assert [(r["topic"], r["partition"], r["producer"], r["forgotten_above"], r["missing_up_to"]) for r in listed] == [
        ("orders", shard, "outbox", given, None)
    ]
    assert listed[0]["reason"] == "a stranger"
    assert listed[0]["repaired_by"] == f"{getpass.getuser()}@{socket.gethostname()}"

    for _ in range(4):
        await shop.place_order([(ordered[1], 1)])
    assert (await verify(running.database_url, running.bootstrap)).differences == []
    rebuilt = await running.run("features", "rebuild")
    assert rebuilt.exit_code == 0
    assert (await verify(running.database_url, running.bootstrap)).differences == []


async def topic_ends(running: Running) -> dict[int, int]:
    async with open_view_topic(running.bootstrap) as topic:
        return dict(topic.ends)


async def test_a_worker_that_stands_still_is_said_to_be_behind(running: Running, ordered: tuple[int, int]) -> None:
    await verify(running.database_url, running.bootstrap)
    running.system.signal("feature_worker", signal.SIGSTOP)
    try:
        await running.admin.order_api.place_order([(ordered[1], 1)])
        with pytest.raises(NotCaughtUp, match=r"behind by 1 events of orders"):
            await verify(running.database_url, running.bootstrap, wait_s=1)
    finally:
        running.system.signal("feature_worker", signal.SIGCONT)
    assert (await verify(running.database_url, running.bootstrap)).differences == []


async def test_a_missing_broker_or_database_is_named(running: Running) -> None:
    with pytest.raises(KafkaUnavailable, match=r"127\.0\.0\.1:9\b"):
        await verify(running.database_url, "127.0.0.1:9")
    with pytest.raises(DatabaseUnavailable, match="PostgreSQL does not answer"):
        await verify("postgresql+asyncpg://nobody@127.0.0.1:9/none", running.bootstrap)


async def test_a_database_that_no_migration_has_brought_to_this_release_is_named(empty_database_url: str) -> None:
    with pytest.raises(DatabaseUnavailable, match='schema of another release: relation "pair_activity" does not exist'):
        async with snapshot(empty_database_url, application="test") as connection:
            await connection.fetch("SELECT FROM pair_activity")
