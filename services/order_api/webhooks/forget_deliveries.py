"""Forgets what is over: deliveries that are old, sent or not, those of webhooks that are gone, and secrets that no longer sign.

A subscription that pauses for good would fill the table else. In parts: a webhook may have had millions.
"""

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

# Between two looks (s); for so long what is over may stay.
INTERVAL_S: Final = 60.0
# Rows of one transaction: well under a second.
CHUNK: Final = 5_000

_OLD: Final = text("""
    DELETE FROM webhook_deliveries WHERE id IN (
        SELECT id FROM webhook_deliveries WHERE created_at < clock_timestamp() - CAST(:kept_for AS interval) LIMIT :chunk
        FOR UPDATE SKIP LOCKED
    )
    RETURNING id
""")
# From one webhook to the next by the index: few have deliveries, and many deliveries belong to each.
_LEFT: Final = text("""
    WITH RECURSIVE noted (webhook_id) AS (
        SELECT min(webhook_id) FROM webhook_deliveries
        UNION ALL
        SELECT (SELECT min(d.webhook_id) FROM webhook_deliveries AS d WHERE d.webhook_id > n.webhook_id)
        FROM noted AS n WHERE n.webhook_id IS NOT NULL
    )
    DELETE FROM webhook_deliveries WHERE id IN (
        SELECT d.id FROM noted AS n
        CROSS JOIN LATERAL (
            SELECT id FROM webhook_deliveries WHERE webhook_id = n.webhook_id LIMIT :chunk FOR UPDATE SKIP LOCKED
        ) AS d
        WHERE NOT EXISTS (SELECT FROM webhooks AS w WHERE w.id = n.webhook_id) LIMIT :chunk
    )
    RETURNING id
""")
_SECRETS: Final = text("DELETE FROM webhook_secrets WHERE good_until <= clock_timestamp()")


async def forget_deliveries(sessions: Sessions, kept_for: timedelta, stopping: asyncio.Event) -> None:
    """Now and then, until `stopping` is set, whatever happens."""
    while not stopping.is_set():
        try:
            await forget_secrets(sessions)
            while await retry_conflicts(partial(forget_some, sessions, kept_for)) and not stopping.is_set():
                pass
        except Exception as error:
            log.warning("old deliveries of webhooks stay", cause=first_line(error))
        await pause(stopping, INTERVAL_S)


async def forget_some(sessions: Sessions, kept_for: timedelta) -> int:
    """A part of the deliveries; how many that were."""
    async with sessions() as session, session.begin():
        old = (await session.execute(_OLD, {"kept_for": kept_for, "chunk": CHUNK})).all()
        left = (await session.execute(_LEFT, {"chunk": CHUNK})).all()
        return len(old) + len(left)


async def forget_secrets(sessions: Sessions) -> None:
    """Those before a rotation whose time to sign as well has ended."""
    async with sessions() as session, session.begin():
        await session.execute(_SECRETS)
