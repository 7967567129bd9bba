"""The accounts a page at a time, and what the services say of one to whoever asks."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from ordercast.client import Client
from ordercast.client.account_answers import Account, ApiKey, AuditLine
from ordercast.client.order_answers import Order
from ordercast.client.page import Page
from ordercast.services.console.parts import MOST_LINES, Missing, ask, nothing

PAGE: Final = 25
# Of each list on an account's page, the newest so many.
ORDERS: Final = 5
# As many good ones as an account may have, and some that are no longer.
KEYS: Final = 40


@dataclass(frozen=True, slots=True)
class AccountPage:
    """`keys` and `audit` are None for whoever may not see them."""

    as_of: datetime
    account: Account | Missing
    orders: Page[Order] | Missing
    keys: Page[ApiKey] | Missing | None
    audit: Page[AuditLine] | Missing | None


async def read_accounts(client: Client, **filters: Any) -> Page[Account] | Missing:
    """The accounts that `ShopPages.accounts` gives for these.

    Raises:
        LoggedOut: the account's tokens are good no longer.
    """
    return await ask("order_api", client.shop_pages.accounts(limit=PAGE, **filters))


async def read_account(
    client: Client,
    account_id: int,
    *,
    for_admin: bool,
    own: bool,
    audit_after: int | None = None,
    keys_after: int | None = None,
) -> AccountPage:
    """`audit_after` is the last line of the audit log that the page before has, `keys_after` the last of its API keys.

    Raises:
        LoggedOut: the account's tokens are good no longer.
    """
    account, orders, keys, audit = await asyncio.gather(
        ask("order_api", client.order_api.account(account_id)),
        ask("order_api", client.shop_pages.orders(limit=ORDERS, account_id=account_id, with_lines=False)),
        _keys(client, account_id, keys_after) if for_admin or own else nothing(),
        _audit(client, account_id, audit_after) if for_admin else nothing(),
    )
    return AccountPage(datetime.now(UTC), account, orders, keys, audit)


async def _keys(client: Client, account_id: int, after: int | None) -> Page[ApiKey] | Missing:
    asking = client.shop_pages.api_keys(limit=KEYS, starting_after=after, account_id=account_id)
    return await ask("order_api", asking)


async def _audit(client: Client, account_id: int, after: int | None) -> Page[AuditLine] | Missing:
    asking = client.shop_pages.audit(limit=MOST_LINES, starting_after=after, account_id=account_id)
    return await ask("order_api", asking)
