"""The newest schema under the pods of the release before: they serve during an upgrade, and again after a rollback.

At a release, `BEFORE` becomes its newest migration, and `STATEMENTS` what it runs on tables that migrations since have altered.
"""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from uuid import uuid4

import pytest
from alembic import command
from alembic.util import CommandError
from sqlalchemy import Connection, inspect, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, async_sessionmaker, create_async_engine

from ordercast.infra.migrations.errors import TablesInUse
from ordercast.infra.migrations.upgrade import alembic_config, upgrade
from ordercast.services.predictor.recorded_models import unpin
from ordercast.services.shared.db.models import ModelVersion, serving_order
from tests.support.lock_waits import until_somebody_waits_for_a_lock
from tests.support.migrating import migrate, url_of

# As in infra/migrations/env.py, which Alembic alone can import.
MIGRATION_LOCK: Final = 7_305_110_401
# Later than its default (1 s), and before the upgrade's wait for a table ends (3 s).
LATE_DEADLOCKS: Final = (
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET deadlock_timeout = 2500', current_database()); END $$"
)
# The newest migration of the release before.
BEFORE: Final = "0006"
NOW: Final = datetime(2026, 11, 25, 12, tzinfo=UTC)
CLAIM: Final = text("""
    INSERT INTO idempotency_keys AS stored (
        account_id, operation, key, body_sha256, answer, planned_answer, claim_id, claimed_at
    )
    SELECT * FROM unnest(
        CAST(:accounts AS bigint[]), CAST(:operations AS text[]), CAST(:keys AS text[]), CAST(:hashes AS bytea[]),
        CAST(:answers AS bytea[]), CAST(:plans AS bytea[]), CAST(:claims AS uuid[]), CAST(:times AS timestamptz[])
    )
    ON CONFLICT (account_id, operation, key) DO UPDATE
    SET body_sha256 = excluded.body_sha256, answer = excluded.answer,
        planned_answer = excluded.planned_answer, claim_id = excluded.claim_id, claimed_at = excluded.claimed_at
    WHERE stored.claimed_at < CAST(:expired AS timestamptz)
    RETURNING claim_id
""")
STORED: Final = text("""
    SELECT account_id, operation, key, body_sha256, answer, planned_answer, claim_id FROM idempotency_keys
    JOIN unnest(CAST(:accounts AS bigint[]), CAST(:operations AS text[]), CAST(:keys AS text[]))
        AS wanted (account_id, operation, key) USING (account_id, operation, key)
""")
STORE_ANSWER: Final = text("UPDATE idempotency_keys SET answer = :answer WHERE claim_id = :claim_id")
FORGET_KEYS: Final = text("DELETE FROM idempotency_keys WHERE idempotency_keys.claimed_at < :before")
READ_MARKS: Final = text("""
    SELECT m.topic, m.partition, m.producer, m.last_number
    FROM unnest(CAST(:topics AS text[]), CAST(:numbers AS bigint[]), CAST(:producers AS text[]))
        AS wanted (topic, partition, producer)
    JOIN feature_producer_marks AS m USING (topic, partition, producer)
""")
WRITE_MARKS: Final = text("""
    INSERT INTO feature_producer_marks (topic, partition, producer, last_number, seen_at)
    SELECT *, now() FROM unnest(
        CAST(:topics AS text[]), CAST(:numbers AS bigint[]), CAST(:producers AS text[]), CAST(:last_numbers AS bigint[])
    )
    ON CONFLICT (topic, partition, producer)
    DO UPDATE SET last_number = EXCLUDED.last_number, seen_at = EXCLUDED.seen_at
""")
DROP_MARKS: Final = text("""
    DELETE FROM feature_producer_marks
    WHERE seen_at < now() - CAST(:kept_for AS interval) AND producer <> 'outbox' AND producer NOT LIKE 'replay:%'
""")
READ_REPLAY_MARKS: Final = text("SELECT producer FROM feature_producer_marks WHERE producer LIKE 'replay:%'")
ACCOUNT: Final = text("INSERT INTO accounts (id, nickname, role, login_type) VALUES (1, 'ann', 'CUSTOMER', 'EXTERNAL')")
ORDER: Final = text("""
    INSERT INTO orders (id, account_id, status, currency, total, created_at) VALUES (:id, 1, 'PENDING', 'EUR', 1, now())
""")
APPEND: Final = text("""
    INSERT INTO outbox (shard, number, event_id, event_type, account_id, occurred_at, body)
    VALUES (1, :number, :id, :type, 1, now(), :body)
""")
DEAD_LETTER_STATES: Final = text("""
    SELECT feature_producer_marks.producer, feature_producer_marks.last_number FROM feature_producer_marks
    WHERE (feature_producer_marks.producer LIKE :prefix || '%')
""")


class PodOfTheReleaseBefore:
    """Its statements, on the one connection that it keeps during the upgrade."""

    def __init__(self, connection: AsyncConnection) -> None:
        self._connection = connection

    async def takes_and_repeats_keyed_requests(self, key: str) -> None:
        claim_id, columns = uuid4(), {"accounts": [1], "operations": ["order"], "keys": [key]}
        claim = {"hashes": [b"hash"], "answers": [None], "plans": [b"plan"], "claims": [claim_id], "times": [NOW]}
        claim |= columns | {"expired": NOW - timedelta(hours=24)}
        async with self._connection.begin():
            assert await self._rows(CLAIM, claim) == [(claim_id,)]
            await self._connection.execute(STORE_ANSWER, {"answer": b"answer", "claim_id": claim_id})
        async with self._connection.begin():
            assert await self._rows(CLAIM, claim | {"claims": [uuid4()]}) == []
            assert await self._rows(STORED, columns) == [(1, "order", key, b"hash", b"answer", b"plan", claim_id)]
            await self._connection.execute(FORGET_KEYS, {"before": NOW - timedelta(hours=24)})

    async def moves_marks(self, number: int) -> None:
        streams = {"topics": ["orders", "views"], "numbers": [0, 1], "producers": ["outbox", "replay:a"]}
        numbers = {"outbox": number, "replay:a": number + 1}
        async with self._connection.begin():
            await self._connection.execute(WRITE_MARKS, streams | {"last_numbers": list(numbers.values())})
            old = {"topics": ["views"], "numbers": [1], "producers": ["old"], "last_numbers": [1]}
            await self._connection.execute(WRITE_MARKS, old)
        async with self._connection.begin():
            await self._connection.execute(DROP_MARKS, {"kept_for": timedelta(0)})
            marks = await self._rows(READ_MARKS, streams | {"producers": ["outbox", "old"]})
            assert marks == [("orders", 0, "outbox", number)]
            assert await self._rows(READ_REPLAY_MARKS, {}) == [("replay:a",)]
            assert await self._rows(DEAD_LETTER_STATES, {"prefix": "replay:"}) == [("replay:a", number + 1)]

    async def _rows(self, statement: Any, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        return [tuple(row) for row in await self._connection.execute(statement, parameters)]


@pytest.fixture
async def engine(empty_database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(empty_database_url)
    yield engine
    await engine.dispose()


async def test_the_statements_of_the_release_before_run_through_the_upgrade(engine: AsyncEngine) -> None:
    await migrate(engine, BEFORE)
    async with engine.connect() as connection:
        pod = PodOfTheReleaseBefore(connection)
        await pod.takes_and_repeats_keyed_requests("before")
        await pod.moves_marks(1)
        await migrate(engine, "head")
        await pod.takes_and_repeats_keyed_requests("after")
        await pod.moves_marks(5)
        query = text("SELECT producer, last_sequence FROM feature_last_sequences ORDER BY producer")
        assert [tuple(row) for row in await connection.execute(query)] == [("outbox", 5), ("replay:a", 6)]


async def test_changes_of_orders_are_kept_from_before_the_upgrade_and_from_pods_that_know_nothing_of_them(
    engine: AsyncEngine,
) -> None:
    """Such a pod writes into the outbox as ever."""
    placed_before, placed_after = uuid4(), uuid4()
    await migrate(engine, BEFORE)
    async with engine.connect() as connection:
        async with connection.begin():
            await connection.execute(ACCOUNT)
            await connection.execute(ORDER, {"id": placed_before})
        await migrate(engine, "head")
        async with connection.begin():
            await connection.execute(ORDER, {"id": placed_after})
            placed = {"number": 1, "id": placed_after, "type": "ordercast.order.placed.v1", "body": b"{}"}
            confirmation = {"number": 2, "id": uuid4(), "type": "ordercast.order.confirmed.v1"}
            body = f'{{"order_id": "{placed_before}"}}'.encode()
            await connection.execute(APPEND, [placed, confirmation | {"body": body}])
        changes = text("SELECT shard, number, order_id FROM order_changes ORDER BY shard, number")
        assert [tuple(row) for row in await connection.execute(changes)] == [
            (-1, 1, placed_before),
            (1, 1, placed_after),
            (1, 2, placed_before),
        ]


def relations(connection: Connection) -> dict[str, dict[str, Any]]:
    """The columns of each table and view."""
    found = inspect(connection)
    return {
        name: {column["name"]: column for column in found.get_columns(name)}
        for name in (*found.get_table_names(), *found.get_view_names())
    }


async def test_what_the_release_before_reads_is_there_and_what_it_leaves_out_has_a_default(
    engine: AsyncEngine,
) -> None:
    await migrate(engine, BEFORE)
    async with engine.connect() as connection:
        before = await connection.run_sync(relations)
    await migrate(engine, "head")
    async with engine.connect() as connection:
        after = await connection.run_sync(relations)
    assert {(table, column) for table in before for column in before[table]} <= {
        (table, column) for table in after for column in after[table]
    }
    for table, columns in before.items():
        for name, column in after[table].items():
            if name in columns:
                assert repr(column["type"]) == repr(columns[name]["type"]), (table, name)
                assert column["nullable"] >= columns[name]["nullable"], (table, name)
            else:
                assert column["nullable"] or column["default"] is not None, (table, name)


async def test_a_table_in_use_ends_the_upgrade_soon_and_whole_with_advice(engine: AsyncEngine) -> None:
    """Whoever comes after a migration that waits for a table waits, too."""
    await migrate(engine, BEFORE)
    async with engine.connect() as connection:
        async with connection.begin():
            await connection.execute(text("SELECT * FROM idempotency_keys"))
            with pytest.raises(TablesInUse, match=r"for more than 3 s; nothing was changed\. Try again") as caught:
                await asyncio.to_thread(upgrade, url_of(engine))
        assert "\n" not in str(caught.value)
        revision = (await connection.execute(text("SELECT version_num FROM alembic_version"))).scalar_one()
        assert revision == BEFORE
    await asyncio.to_thread(upgrade, url_of(engine))


async def test_a_deadlock_is_told_apart_from_a_table_in_use(engine: AsyncEngine) -> None:
    await migrate(engine, BEFORE)
    async with engine.begin() as connection:
        # The upgrade looks for a deadlock so late that there is one by then, and this transaction never does.
        await connection.execute(text(LATE_DEADLOCKS))
    async with engine.connect() as connection:
        await connection.execute(text("SET deadlock_timeout = '1min'"))
        await connection.execute(text("SELECT * FROM idempotency_keys"))
        upgrading = asyncio.create_task(asyncio.to_thread(upgrade, url_of(engine)))
        await until_somebody_waits_for_a_lock(async_sessionmaker(engine))
        await connection.execute(text("SELECT pg_advisory_xact_lock(:lock)"), {"lock": MIGRATION_LOCK})
        with pytest.raises(TablesInUse, match=r"in another order \(a deadlock\); nothing was changed\. Try again"):
            await upgrading


CHANGE: Final = text("INSERT INTO order_changes (shard, number, order_id) VALUES (1, :number, :id)")


async def test_orders_are_placed_while_the_index_of_their_changes_is_built(engine: AsyncEngine) -> None:
    await migrate(engine, "0039")
    async with engine.connect() as slow, engine.connect() as other:
        await slow.execute(CHANGE, {"number": 1, "id": uuid4()})
        upgrading = asyncio.create_task(asyncio.to_thread(upgrade, url_of(engine)))
        await until_somebody_waits_for_a_lock(async_sessionmaker(engine))
        await other.execute(text("SET lock_timeout = '2s'"))
        await other.execute(CHANGE, {"number": 2, "id": uuid4()})
        await other.commit()
        await slow.commit()
        await upgrading
        index = text("SELECT indisvalid FROM pg_index WHERE indexrelid = 'ix_order_changes_order_id'::regclass")
        assert (await other.execute(index)).scalar_one()


SERVED_BEFORE: Final = text("""
    SELECT version FROM model_versions ORDER BY greatest(published_at, activated_at) DESC, version DESC LIMIT 1
""")
PUBLISHED_BEFORE: Final = text("""
    INSERT INTO model_versions (version, training_id, recipe, manifest_sha256)
    VALUES (:version, gen_random_uuid(), 'baseline', '0') RETURNING published_at
""")
ACTIVATED_BEFORE: Final = text("""
    UPDATE model_versions SET activated_at = clock_timestamp() WHERE version = :version RETURNING activated_at
""")


async def test_pods_of_the_release_before_publish_and_activate_models_and_serve_what_is_pinned(
    engine: AsyncEngine,
) -> None:
    await migrate(engine, BEFORE)
    async with engine.connect() as connection:

        async def run(statement: Any, **parameters: object) -> Any:
            async with connection.begin():
                return (await connection.execute(statement, parameters)).scalar_one_or_none()

        await run(PUBLISHED_BEFORE, version="v1")
        await migrate(engine, "head")
        assert await run(SERVED_BEFORE) == "v1"
        assert await run(PUBLISHED_BEFORE, version="v2") is not None
        assert await run(SERVED_BEFORE) == "v2"
        pin = "UPDATE models SET activated_at = t, pinned_at = t FROM clock_timestamp() AS t WHERE version = 'v1' RETURNING 1"
        await run(text(pin))
        assert await run(PUBLISHED_BEFORE, version="v3") is not None
        assert await run(SERVED_BEFORE) == "v1"
        # An old pod's choice is one like any other: the pin from before it holds no more, for new pods neither.
        assert await run(ACTIVATED_BEFORE, version="v2") is not None
        assert await run(SERVED_BEFORE) == "v2"
        async with async_sessionmaker(engine)() as session:
            latest = await session.scalars(select(ModelVersion).order_by(*serving_order("baseline")))
            assert [version.version for version in latest] == ["v2", "v3", "v1"]
        # Taking choices back is understood by old pods, too.
        await unpin(async_sessionmaker(engine), "baseline")
        assert await run(SERVED_BEFORE) == "v3"


async def test_accounts_get_the_roles_of_the_newest_release_and_a_downgrade_leaves_them_as_customers(
    engine: AsyncEngine,
) -> None:
    await migrate(engine, BEFORE)
    async with engine.begin() as connection:
        await connection.execute(ACCOUNT)
    await migrate(engine, "head")
    roles = text("SELECT role FROM accounts")
    async with engine.begin() as connection:
        assert (await connection.execute(roles)).scalar_one() == "CUSTOMER"
        await connection.execute(text("UPDATE accounts SET role = 'OPERATOR'"))
    await asyncio.to_thread(command.downgrade, alembic_config(url_of(engine)), "0026")
    async with engine.begin() as connection:
        assert (await connection.execute(roles)).scalar_one() == "CUSTOMER"


async def test_the_only_copy_of_refused_events_is_not_dropped_by_a_downgrade(engine: AsyncEngine) -> None:
    await migrate(engine, "head")
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO outbox_dead_letters (shard, number, event_id, event_type, account_id, occurred_at, body, reason) "
                "VALUES (0, 1, gen_random_uuid(), 'type', 1, now(), 'body', 'refused')"
            )
        )
    with pytest.raises(CommandError, match="the only copy of 1 accepted events"):
        await asyncio.to_thread(command.downgrade, alembic_config(url_of(engine)), "0006")
    async with engine.begin() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM outbox_dead_letters"))).scalar_one() == 1


async def test_the_history_of_prices_begins_with_the_present_ones(engine: AsyncEngine) -> None:
    await migrate(engine, BEFORE)
    added = "INSERT INTO products (sku, name, price, currency, updated_at) VALUES (:sku, 'name', :price, 'EUR', :at)"
    async with engine.begin() as connection:
        await connection.execute(text(added), {"sku": "before", "price": 1, "at": NOW})
    await migrate(engine, "head")
    async with engine.begin() as connection:
        # What pods of the release before do meanwhile.
        await connection.execute(text(added), {"sku": "after", "price": 2, "at": NOW})
        await connection.execute(text("UPDATE products SET price = 3, updated_at = now() WHERE sku = 'before'"))
    async with engine.connect() as connection:
        history = await connection.execute(
            text(
                "SELECT sku, h.price, h.valid_from = :at FROM product_prices AS h "
                "JOIN products ON products.id = product_id ORDER BY h.id"
            ),
            {"at": NOW},
        )
        assert [tuple(row) for row in history] == [("before", 1, True), ("after", 2, False), ("before", 3, False)]


async def test_no_account_is_lost_where_nicknames_are_the_same_by_the_rule_of_today(engine: AsyncEngine) -> None:
    await migrate(engine, BEFORE)
    names = [
        "Ann Bee",
        "ann bee",
        "\uff41nn bee",
        "\u00c9ve",
        "e\u0301ve",
        "zero\u200bwidth",
        "Bob",
        "\uff22\uff2f\uff22",
        "J\u00fc",
    ]
    keys = ["ann bee", None, None, "\u00e9ve", None, None, "bob", None, "j\u00fc"]
    async with engine.begin() as connection:
        for name in names:
            await connection.execute(
                text("INSERT INTO accounts (nickname, role, login_type) VALUES (:name, 'CUSTOMER', 'EXTERNAL')"),
                {"name": name},
            )
    await migrate(engine, "head")
    async with engine.connect() as connection:
        rows = await connection.execute(text("SELECT nickname, nickname_key FROM accounts ORDER BY id"))
        assert [tuple(row) for row in rows] == list(zip(names, keys, strict=True))
