"""Forgets what has run out: stored answers of keyed requests, and refresh tokens."""

import asyncio
from contextlib import suppress
from datetime import UTC, datetime
from typing import Final

from sqlalchemy import delete

from services.order_api.accounts.tables import RefreshToken
from services.order_api.orders.idempotency import KEY_LIFETIME
from services.order_api.orders.tables import IdempotencyKey
from services.shared.db.engine import Sessions

# Nothing depends on the moment (s): what has run out is passed over until it is gone.
INTERVAL_S: Final = 600.0


async def forget_expired(sessions: Sessions, stopping: asyncio.Event) -> None:
    """Forgets now and then, until `stopping` is set."""
    while not stopping.is_set():
        await forget_once(sessions, datetime.now(UTC))
        with suppress(TimeoutError):
            await asyncio.wait_for(stopping.wait(), INTERVAL_S)


async def forget_once(sessions: Sessions, now: datetime) -> None:
    async with sessions() as session, session.begin():
        await session.execute(delete(IdempotencyKey).where(IdempotencyKey.claimed_at < now - KEY_LIFETIME))
        await session.execute(delete(RefreshToken).where(RefreshToken.expires_at < now))
