"""Whether somebody who is logged in may still do what their account might: looked at again while they read."""

import time
from typing import Final

from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.parts import Missing, ask

# How long (s) a look holds for pages, some of which ask order_api for nothing themselves.
HOLDS_S: Final = 5.0


async def look_again(log_in: LogIn) -> None:
    """At the account. A service that does not answer says nothing against it.

    Raises:
        LoggedOut: its tokens are good no longer.
    """
    # Before it is asked: of a page's parts the first one asks.
    log_in.looked_at = time.monotonic()
    account = await ask("order_api", log_in.client.order_api.me())
    if not isinstance(account, Missing):
        log_in.account = account


async def look_if_due(log_in: LogIn) -> None:
    """The same, unless it was looked at just now.

    Raises:
        LoggedOut: its tokens are good no longer.
    """
    if time.monotonic() - log_in.looked_at >= HOLDS_S:
        await look_again(log_in)
