"""Waiting until a transaction stands in line behind another one: what is to be shown then is not yet over, and has begun."""

import asyncio

from sqlalchemy import text

from ordercast.services.shared.db.engine import Sessions

_WAITING = text("SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'")
DEADLINE_S = 30.0


async def until_somebody_waits_for_a_lock(sessions: Sessions) -> None:
    """Returns as soon as a transaction in this database waits for a lock."""
    async with asyncio.timeout(DEADLINE_S):
        while True:
            async with sessions() as session:
                if (await session.execute(_WAITING)).scalar_one():
                    return
            await asyncio.sleep(0.01)
