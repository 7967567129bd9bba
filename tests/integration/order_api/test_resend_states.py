"""Sending all states again: whole, as the triggers write them, and never after a later state of the same product."""

import asyncio

import pytest
from sqlalchemy import text

from ordercast.services.order_api.states import resend_states as module
from ordercast.services.order_api.states.resend_states import resend_states
from ordercast.services.shared.db.engine import Sessions
from tests.support.seeds import seed_accounts

STATES = "SELECT topic, key, event_type, state FROM state_outbox ORDER BY id"
SIGNED_UP = """
    INSERT INTO accounts (email, nickname, password_hash, role, login_type, erased_at) VALUES
        ('ann@example.com', 'ann', 'hash', 'CUSTOMER', 'PASSWORD', NULL),
        ('gone@example.com', 'gone', 'hash', 'CUSTOMER', 'PASSWORD', now())
"""


async def add_products(sessions: Sessions, count: int) -> None:
    async with sessions() as session, session.begin():
        await session.execute(
            text(
                "INSERT INTO products (sku, name, price, currency, active) "
                "SELECT 's' || n, 'n', n / 3.0, 'EUR', n % 2 = 0 FROM generate_series(1, CAST(:count AS bigint)) n"
            ),
            {"count": count},
        )


async def forget(sessions: Sessions) -> list[tuple[object, ...]]:
    """What waits; afterwards nothing does."""
    async with sessions() as session, session.begin():
        rows = [tuple(row) for row in await session.execute(text(STATES))]
        await session.execute(text("DELETE FROM state_outbox"))
    return rows


async def waits_for_a_lock(sessions: Sessions) -> bool:
    """In a transaction of its own, because PostgreSQL answers the same all through one."""
    waits = (
        "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database())"
    )
    async with sessions() as session:
        return bool(await session.scalar(text(waits)))


async def test_each_product_and_account_is_sent_once_with_the_state_that_its_trigger_wrote(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "CHUNK", 3)
    await add_products(sessions, 8)
    await seed_accounts(sessions, 2)
    async with sessions() as session, session.begin():
        await session.execute(text(SIGNED_UP))
    first = await forget(sessions)
    counts = [[count async for count in resend_states(sessions, topic)] for topic in ("products", "accounts")]
    again = await forget(sessions)
    assert (counts[0], sum(counts[1])) == ([3, 3, 2], 4)
    changed = [(topic, key, str(kind).replace("created", "changed"), state) for topic, key, kind, state in first]
    assert sorted(again, key=str) == sorted(changed, key=str)


async def test_a_change_that_is_under_way_comes_before_or_is_in_what_is_sent(sessions: Sessions) -> None:
    await add_products(sessions, 1)
    await forget(sessions)

    async def resend() -> list[int]:
        return [count async for count in resend_states(sessions, "products")]

    async with sessions() as session, session.begin():
        await session.execute(text("UPDATE products SET name = 'newer'"))
        resending = asyncio.create_task(resend())
        async with asyncio.timeout(10):
            while not await waits_for_a_lock(sessions):
                await asyncio.sleep(0.02)
    assert await resending == [1]
    waiting = await forget(sessions)
    assert ['"name": "newer"' in str(row[3]) for row in waiting] == [True, True]


async def test_where_there_is_none_nothing_is_sent(sessions: Sessions) -> None:
    assert [count async for count in resend_states(sessions, "products")] == []
