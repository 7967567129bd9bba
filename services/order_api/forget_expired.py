"""Forgets what has run out: answers of keyed requests, refresh tokens, reset codes, lines of the audit log, relays."""

import asyncio
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from sqlalchemy import delete

from ordercast.services.order_api.accounts.tables import PasswordReset, RefreshToken
from ordercast.services.order_api.orders.idempotency import KEY_LIFETIME
from ordercast.services.order_api.orders.tables import IdempotencyKey, OutboxRelay
from ordercast.services.shared.audit.tables import AuditLine
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.db.repeat import repeat
from ordercast.services.shared.db.retry import retry_conflicts

# Nothing depends on the moment (s): what has run out is passed over until it is gone.
INTERVAL_S: Final = 600.0
# A relay that has not been seen for this long counts for nothing; clocks differ by less.
RELAY_KEPT_FOR: Final = timedelta(hours=1)


async def forget_expired(sessions: Sessions, audit_kept_for: timedelta, stopping: asyncio.Event) -> None:
    """Forgets now and then, until `stopping` is set."""

    async def forget() -> float:
        # Every relay forgets, while requests claim keys anew: they may lock the same rows in another order.
        await retry_conflicts(partial(forget_once, sessions, datetime.now(UTC), audit_kept_for))
        return INTERVAL_S

    await repeat(forget, stopping, name="forget-expired")


async def forget_once(sessions: Sessions, now: datetime, audit_kept_for: timedelta) -> None:
    async with sessions() as session, session.begin():
        await session.execute(delete(IdempotencyKey).where(IdempotencyKey.claimed_at < now - KEY_LIFETIME))
        await session.execute(delete(RefreshToken).where(RefreshToken.expires_at < now))
        await session.execute(delete(PasswordReset).where(PasswordReset.expires_at < now))
        await session.execute(delete(AuditLine).where(AuditLine.recorded_at < now - audit_kept_for))
        await session.execute(delete(OutboxRelay).where(OutboxRelay.alive_until < now - RELAY_KEPT_FOR))
