"""Forgets what is over: deliveries that are old, sent or not, those of webhooks that are gone, and secrets that no longer sign.

A subscription that pauses for good would fill the table else. In parts: a webhook may have had millions.
"""

import asyncio
from datetime import timedelta
from functools import partial
from typing import Final

from sqlalchemy import text

from ordercast.services.order_api.webhooks.keep_going import keep_going
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.retry import retry_conflicts

# Between two looks (s); for so long what is over may stay.
INTERVAL_S: Final = 60.0
# Rows of one transaction: well under a second.
CHUNK: Final = 5_000

# Not `clock_timestamp()`, which may be another one for each row, so that no index helps.
_OLD: Final = text("""
    DELETE FROM webhook_deliveries WHERE id IN (
        SELECT id FROM webhook_deliveries WHERE created_at < statement_timestamp() - CAST(:kept_for AS interval) LIMIT :chunk
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
    """Now and then, until `stopping` is set."""

    async def forget() -> float:
        await forget_secrets(sessions)
        forgotten = await retry_conflicts(partial(forget_some, sessions, kept_for))
        return 0.0 if forgotten else INTERVAL_S

    await keep_going(forget, stopping, name="forget")


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
