"""Subscriptions, as they are made and as whoever notes deliveries sees them."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.order_api.webhooks.deliveries import Subscription
from ordercast.services.order_api.webhooks.signatures import new_secret, shown
from ordercast.services.order_api.webhooks.tables import Webhook, WebhookSecret

# Between what notes deliveries, which may go on side by side, and what makes a subscription. Without it a batch could be read that
# does not yet see a subscription, and be noted after it was made: its events would be missing.
_LOCK: Final = 7_412
_LOCK_SHARED: Final = text("SELECT pg_advisory_xact_lock_shared(:lock)")
_LOCK_ALONE: Final = text("SELECT pg_advisory_xact_lock(:lock)")


class ShownWebhook(NamedTuple):
    """A subscription with its secret, which nobody sees again."""

    row: Webhook
    secret: str


async def add_subscription(
    session: AsyncSession, *, account_id: int, url: str, event_types: Collection[str]
) -> ShownWebhook:
    """A new subscription, which has all events that are accepted from now on. Near the end of its transaction: others wait."""
    await session.execute(_LOCK_ALONE, {"lock": _LOCK})
    now = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    row = Webhook(account_id=account_id, url=url, event_types=sorted(event_types), created_at=now)
    session.add(row)
    await session.flush()
    secret = new_secret()
    session.add(WebhookSecret(webhook_id=row.id, secret=secret))
    await session.flush()
    return ShownWebhook(row, shown(secret))


async def locked_subscriptions(session: AsyncSession) -> Sequence[Subscription]:
    """All, also those that pause; no other one is made until the transaction ends."""
    await session.execute(_LOCK_SHARED, {"lock": _LOCK})
    rows = (await session.execute(select(Webhook).order_by(Webhook.id))).scalars()
    return [Subscription(row.id, frozenset(row.event_types), row.created_at) for row in rows]
