"""An access token is good for a second or two after it has ended, until all services know: too long for what would outlast it."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.errors import TokenEnded
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.tokens import EndedTokens


def expect_good_token(own: Account | None, caller: Caller) -> None:
    """`own`: the caller's account, locked.

    Raises:
        TokenEnded: the caller's has, in these seconds.
    """
    if own is not None and EndedTokens(own.token_version, own.ended_log_ins).have(caller):
        raise TokenEnded("the token has ended before its time; log in again")


async def lock_good_caller(session: AsyncSession, caller: Caller) -> None:
    """Locks the caller's account, so that no token of it ends meanwhile. Raises TokenEnded."""
    own = select(Account).where(Account.id == caller.account_id).with_for_update(key_share=True)
    expect_good_token(await session.scalar(own), caller)
