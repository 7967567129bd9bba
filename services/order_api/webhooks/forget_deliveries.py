"""Forgets deliveries that are old, sent or not: a subscription that pauses for good would fill the table else."""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Final

import structlog
from sqlalchemy import text

from ordercast.first_line import first_line
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.retry import retry_conflicts
from ordercast.services.shared.process.pause import pause

log = structlog.stdlib.get_logger()

# Nothing depends on the moment (s).
INTERVAL_S: Final = 600.0
# Rows of one transaction: well under a second.
CHUNK: Final = 5_000

_FORGET: Final = text("""
    DELETE FROM webhook_deliveries WHERE id IN (
        SELECT id FROM webhook_deliveries WHERE created_at < clock_timestamp() - CAST(:kept_for AS interval) LIMIT :chunk
        FOR UPDATE SKIP LOCKED
    )
    RETURNING id
""")


async def forget_deliveries(sessions: Sessions, kept_for: timedelta, stopping: asyncio.Event) -> None:
    """Now and then, until `stopping` is set, whatever happens."""
    while not stopping.is_set():
        try:
            while await retry_conflicts(partial(forget_some, sessions, kept_for)) and not stopping.is_set():
                pass
        except Exception as error:
            log.warning("old deliveries of webhooks stay", cause=first_line(error))
        await pause(stopping, INTERVAL_S)


async def forget_some(sessions: Sessions, kept_for: timedelta) -> int:
    """A chunk of them; how many that were."""
    async with sessions() as session, session.begin():
        forgotten = await session.execute(_FORGET, {"kept_for": kept_for, "chunk": CHUNK})
        return len(forgotten.all())
