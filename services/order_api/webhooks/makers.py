"""Whose webhooks go on: those of accounts that may make one. The others pause, until somebody who may lets them go on."""

from typing import Final, cast

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.order_api.accounts.good_tokens import expect_good_token
from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.errors import TokenEnded
from ordercast.services.order_api.webhooks.tables import Webhook
from ordercast.services.shared.audit.record import record_act
from ordercast.services.shared.http.access import scopes_of
from ordercast.services.shared.http.caller import Caller, Role

# What `access.py` asks for where a webhook is made.
SCOPE: Final = "webhooks:write"


def may_make_webhooks(account: Account) -> bool:
    return account.blocked_at is None and SCOPE in scopes_of(cast("Role", account.role))


async def lock_maker(session: AsyncSession, caller: Caller) -> None:
    """Locks the caller's account, so that it is neither blocked nor given another role meanwhile.

    Raises:
        TokenEnded: it was, or its token has ended, in these seconds.
    """
    own = await session.scalar(select(Account).where(Account.id == caller.account_id).with_for_update(key_share=True))
    expect_good_token(own, caller)
    if own is None or not may_make_webhooks(own):  # an API key is known to be none for some seconds more
        raise TokenEnded("the account may make no webhooks any more")


async def pause_webhooks(session: AsyncSession, account: Account, by: Caller) -> None:
    """Where the account may make none any more, as it is now. Part of a transaction that has locked its row.

    Also those that pause for another reason: whoever lets them go on has to know.
    """
    if may_make_webhooks(account):
        return
    paused = await session.scalars(
        update(Webhook)
        .where(Webhook.account_id == account.id, Webhook.pause_reason.is_distinct_from("MAKER"))
        .values(
            paused_at=func.coalesce(Webhook.paused_at, func.clock_timestamp()), pause_reason="MAKER", failing_since=None
        )
        .returning(Webhook.id)
    )
    for webhook_id in sorted(paused):
        record_act(session, "webhook-changed", by, f"webhooks/{webhook_id}", paused=True, reason="MAKER")
