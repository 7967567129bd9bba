"""A relay that waits hears of a commit at once, also after its connection was lost, and without one looks by itself."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from sqlalchemy import text

from ordercast.services.order_api.orders import relay_outbox
from ordercast.services.order_api.orders.outbox import CHANNEL
from ordercast.services.order_api.orders.outbox_signal import OutboxSignal
from ordercast.services.order_api.orders.relay_outbox import RelayOutbox
from ordercast.services.shared.db import repeat
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.kafka.memory import MemoryLog
from tests.integration.order_api.test_relay_outbox import PARTITIONS, place, published

# Longer than any test: who waits for it is stuck.
NEVER_S = 3_600.0
DEADLINE_S = 30.0


@asynccontextmanager
async def relaying(sessions: Sessions, log: MemoryLog, *, hears: bool) -> AsyncIterator[OutboxSignal]:
    stopping, signal = asyncio.Event(), OutboxSignal(sessions)
    relay = RelayOutbox(sessions, log, partitions=PARTITIONS, owner="relay", committed=signal.committed)
    async with asyncio.timeout(2 * DEADLINE_S), asyncio.TaskGroup() as group:
        if hears:
            group.create_task(signal.run(stopping))
        group.create_task(relay.run(stopping))
        yield signal
        stopping.set()


async def events(log: MemoryLog, count: int) -> None:
    """Returns when so many events were published."""
    async with asyncio.timeout(DEADLINE_S):
        while sum(map(len, published(log).values())) < count:
            await asyncio.sleep(0.005)


async def listeners(sessions: Sessions) -> list[int]:
    """The server's processes for connections that listen."""
    async with sessions() as session:
        rows = await session.execute(
            text("SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND query LIKE :listen"),
            {"listen": f'LISTEN "%{CHANNEL}%'},
        )
        return list(rows.scalars())


@pytest.fixture
def _never_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_outbox, "SLOW_POLL_S", NEVER_S)
    monkeypatch.setattr(relay_outbox, "LOOK_EVERY_S", NEVER_S)


@pytest.mark.usefixtures("_never_by_itself")
async def test_a_commit_wakes_the_relay(sessions: Sessions) -> None:
    log = MemoryLog()
    async with relaying(sessions, log, hears=True):
        again = await place(sessions, 3)
        await events(log, 3)
        for count in (6, 9):
            await asyncio.sleep(0.05)  # it waits again
            await again()
            await events(log, count)


@pytest.mark.usefixtures("_never_by_itself")
async def test_after_its_connection_was_lost_it_hears_again(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repeat, "RETRY_S", 0.01)
    log = MemoryLog()
    async with relaying(sessions, log, hears=True):
        again = await place(sessions, 1)
        await events(log, 1)
        for count in (2, 3):
            async with asyncio.timeout(DEADLINE_S), sessions() as session:
                [lost] = await listeners(sessions)
                await session.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": lost})
                while await listeners(sessions) in ([], [lost]):
                    await asyncio.sleep(0.01)
            await again()
            await events(log, count)


async def test_without_hearing_of_it_the_relay_looks_by_itself(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(relay_outbox, "SLOW_POLL_S", 0.05)
    log = MemoryLog()
    async with relaying(sessions, log, hears=False):
        again = await place(sessions, 1)
        await events(log, 1)
        await asyncio.sleep(0.1)
        await again()
        await events(log, 2)
