"""What the upgrade tells of the products and accounts that are there, and who writes of them from then on."""

from collections.abc import AsyncIterator
from contextlib import nullcontext
from datetime import timedelta

import pytest
from prometheus_client import REGISTRY
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine, async_sessionmaker, create_async_engine

from ordercast.contracts.envelope import decode
from ordercast.services.order_api.orders.watch_backlog import measure_backlog
from ordercast.services.order_api.states.relay_states import RelayStates
from ordercast.services.shared.kafka.memory import MemoryLog
from tests.integration.test_rolling_upgrade import ACCOUNT, BEFORE
from tests.support.migrating import migrate


@pytest.fixture
async def engine(empty_database_url: str) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(empty_database_url)
    yield engine
    await engine.dispose()


async def test_what_is_there_has_a_first_event_and_pods_of_the_release_before_write_the_next_ones(
    engine: AsyncEngine,
) -> None:
    await migrate(engine, BEFORE)
    added = "INSERT INTO products (sku, name, price, currency) VALUES (:sku, 'name', 1.5, 'EUR')"
    async with engine.begin() as connection:
        await connection.execute(text(added), {"sku": "before"})
        await connection.execute(ACCOUNT)
        await connection.execute(
            text(
                "INSERT INTO accounts (id, email, nickname, password_hash, role, login_type) "
                "VALUES (2, 'bea@example.com', 'bea', 'hash', 'CUSTOMER', 'PASSWORD')"
            )
        )
    for _ in range(2):
        await migrate(engine, "head")
    async with engine.begin() as connection:
        await connection.execute(text(added), {"sku": "after"})
        await connection.execute(text("UPDATE products SET price = 3, updated_at = now() WHERE sku = 'before'"))
        await connection.execute(text("UPDATE products SET updated_at = now() WHERE sku = 'after'"))
    async with engine.connect() as connection:
        kept = await connection.execute(
            text(
                "SELECT event_type, coalesce(state::json ->> 'sku', state::json ->> 'nickname') FROM state_outbox "
                "ORDER BY id"
            )
        )
        assert [tuple(row) for row in kept] == [
            ("ordercast.product.created.v1", "before"),
            ("ordercast.account.created.v1", None),  # an import's: its nickname is the shop's reference
            ("ordercast.account.created.v1", "bea"),
            ("ordercast.product.created.v1", "after"),
            ("ordercast.product.changed.v1", "before"),
        ]


async def test_a_service_without_rights_to_the_new_table_goes_on_changing_products_and_accounts(
    engine: AsyncEngine,
) -> None:
    """Rights are granted only after the upgrade."""
    await migrate(engine, "0036")
    role = f"pod_{engine.url.database}"
    added = "INSERT INTO products (sku, name, price, currency) VALUES ('CUP', 'name', 1.5, 'EUR')"
    async with engine.begin() as connection:
        await connection.execute(text(f"CREATE ROLE {role}"))
        await connection.execute(text(f"GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}"))
    await migrate(engine, "head")
    async with engine.begin() as connection:
        await connection.execute(text(f"SET LOCAL ROLE {role}"))
        await connection.execute(text(added))
        await connection.execute(text("UPDATE products SET price = 3"))
        await connection.execute(ACCOUNT)
        await connection.execute(text("UPDATE accounts SET erased_at = now()"))
    async with engine.connect() as connection:
        assert (await connection.execute(text("SELECT count(*) FROM state_outbox"))).scalar_one() == 3


async def test_events_of_what_is_there_are_as_old_as_the_upgrade(engine: AsyncEngine) -> None:
    """Readers that ask for what came since, and the alarm, go by when an event came."""
    await migrate(engine, BEFORE)
    async with engine.begin() as connection:
        await connection.execute(
            text(
                "INSERT INTO products (sku, name, price, currency, created_at) "
                "VALUES ('CUP', 'A cup', 1, 'EUR', now() - interval '1 year')"
            )
        )
    await migrate(engine, "head")
    sessions, log = async_sessionmaker(engine), MemoryLog()
    async with sessions() as session:
        upgraded_at = (await session.execute(text("SELECT now()"))).scalar_one()
    await measure_backlog(sessions)
    waited_s = REGISTRY.get_sample_value("ordercast_states_oldest_seconds")
    assert waited_s is not None
    assert waited_s < timedelta(days=1).total_seconds()
    await RelayStates(sessions, lambda: nullcontext(log), partitions=1, owner="relay-0").relay_once()
    (record,) = log.records("products", 0)
    assert abs(record.timestamp_ms / 1000 - upgraded_at.timestamp()) < timedelta(days=1).total_seconds()
    assert decode(record.headers, record.value).time < upgraded_at - timedelta(days=300)
