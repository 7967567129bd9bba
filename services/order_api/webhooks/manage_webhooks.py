"""Makes, shows, changes and deletes subscriptions, and gives them new secrets. They are the shop's: whoever may, may for all."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.order_api.errors import TooManyWebhooks, WebhookNotFound
from ordercast.services.order_api.webhooks.makers import lock_maker
from ordercast.services.order_api.webhooks.signatures import new_secret, shown
from ordercast.services.order_api.webhooks.subscriptions import ShownWebhook, add_subscription
from ordercast.services.order_api.webhooks.tables import Webhook, WebhookSecret
from ordercast.services.order_api.webhooks.urls import expect_good_url, host_of
from ordercast.services.shared.audit.record import record_act
from ordercast.services.shared.db.cut_page import cut_page
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller

# Of the whole shop: each event is kept once for each of them.
MAX_WEBHOOKS: Final = 50


@dataclass(frozen=True, slots=True)
class WebhookChange:
    """What is to be another; None leaves it as it is."""

    url: str | None = None
    event_types: frozenset[str] | None = None
    paused: bool | None = None


async def create_webhook(
    sessions: Sessions, caller: Caller, url: str, event_types: frozenset[str], *, private: bool
) -> ShownWebhook:
    """The subscription, committed, with its secret.

    Raises:
        WebhookUrlRefused: nothing is sent to such a URL.
        TokenEnded: the caller's has, or it may not any more, in these seconds.
        TooManyWebhooks: delete one that nobody needs.
    """
    expect_good_url(url, private=private)
    async with sessions() as session, session.begin():
        await lock_maker(session, caller)
        made = await add_subscription(session, account_id=caller.account_id, url=url, event_types=event_types)
        # Counted with the new one, below the lock that lets one be made after the other.
        if (await session.execute(select(func.count()).select_from(Webhook))).scalar_one() > MAX_WEBHOOKS:
            raise TooManyWebhooks(f"there are {MAX_WEBHOOKS} webhooks; delete one that nobody needs")
        details = {"host": host_of(url), "event_types": made.row.event_types}
        record_act(session, "webhook-made", caller, f"webhooks/{made.row.id}", **details)
        return made


async def read_webhook(sessions: Sessions, webhook_id: int) -> Webhook:
    """
    Raises:
        WebhookNotFound: there is none with this id.
    """
    async with sessions() as session:
        return _found(await session.get(Webhook, webhook_id), webhook_id)


async def read_webhooks(
    sessions: Sessions, *, limit: int, starting_after: int | None
) -> tuple[Sequence[Webhook], bool]:
    """A page of them, and whether more follow."""
    query = select(Webhook).where(Webhook.id > (starting_after or 0)).order_by(Webhook.id).limit(limit + 1)
    async with sessions() as session:
        return cut_page((await session.scalars(query)).all(), limit)


async def change_webhook(
    sessions: Sessions, caller: Caller, webhook_id: int, change: WebhookChange, *, private: bool
) -> Webhook:
    """The subscription as it is now, committed. Other event types are those of what comes from now on.

    Whoever gives it another URL is its maker from then; so is whoever lets it go on where its maker may make none any more.

    Raises:
        WebhookUrlRefused: nothing is sent to such a URL.
        TokenEnded: the caller's has, or it may not any more, in these seconds.
        WebhookNotFound: there is none with this id.
    """
    if change.url is not None:
        expect_good_url(change.url, private=private)
    async with sessions() as session, session.begin():
        await lock_maker(session, caller)
        row = await _locked(session, webhook_id)
        details: dict[str, Any] = {}
        if change.url is not None and change.url != row.url:
            row.url = change.url
            details["host"] = host_of(change.url)
            row.account_id = details["account_id"] = caller.account_id
        if change.event_types is not None and change.event_types != set(row.event_types):
            row.event_types = details["event_types"] = sorted(change.event_types)
        if change.paused is not None and change.paused != (row.paused_at is not None):
            if row.pause_reason == "MAKER":
                row.account_id = details["account_id"] = caller.account_id
            row.paused_at, row.pause_reason = (await _now(session), "ASKED") if change.paused else (None, None)
            row.failing_since = None
            details["paused"] = change.paused
        if details:
            record_act(session, "webhook-changed", caller, f"webhooks/{webhook_id}", **details)
        return row


async def rotate_secret(sessions: Sessions, caller: Caller, webhook_id: int, overlap: timedelta) -> ShownWebhook:
    """The subscription with a new secret; the one before signs on for `overlap`, and the one before that no more.

    Raises:
        TokenEnded: the caller's has, or it may not any more, in these seconds.
        WebhookNotFound: there is none with this id.
    """
    async with sessions() as session, session.begin():
        await lock_maker(session, caller)
        row = await _locked(session, webhook_id)
        of_it = WebhookSecret.webhook_id == webhook_id
        await session.execute(delete(WebhookSecret).where(of_it, WebhookSecret.good_until.is_not(None)))
        if overlap:
            ends = await _now(session) + overlap
            await session.execute(update(WebhookSecret).where(of_it).values(good_until=ends))
        else:
            await session.execute(delete(WebhookSecret).where(of_it))
        secret = new_secret()
        session.add(WebhookSecret(webhook_id=webhook_id, secret=secret))
        record_act(session, "webhook-rotated", caller, f"webhooks/{webhook_id}", overlap_s=int(overlap.total_seconds()))
        return ShownWebhook(row, shown(secret))


async def delete_webhook(sessions: Sessions, caller: Caller, webhook_id: int) -> None:
    """With its secrets. What was and is to be sent is not sent any more, and forgotten soon (`forget_deliveries.py`).

    Raises:
        TokenEnded: the caller's has, or it may not any more, in these seconds.
        WebhookNotFound: there is none with this id.
    """
    async with sessions() as session, session.begin():
        await lock_maker(session, caller)
        row = await _locked(session, webhook_id)
        await session.delete(row)
        record_act(session, "webhook-deleted", caller, f"webhooks/{webhook_id}", host=host_of(row.url))


async def _locked(session: AsyncSession, webhook_id: int) -> Webhook:
    return _found(await session.get(Webhook, webhook_id, with_for_update=True), webhook_id)


def _found(row: Webhook | None, webhook_id: int) -> Webhook:
    if row is None:
        raise WebhookNotFound(f"there is no webhook {webhook_id}")
    return row


async def _now(session: AsyncSession) -> datetime:
    """By the database's clock, which all that signs and sends goes by."""
    now: datetime = (await session.execute(select(func.clock_timestamp()))).scalar_one()
    return now
