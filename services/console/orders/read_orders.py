"""The orders a page at a time, and one with the lines of a page."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final
from uuid import UUID

from ordercast.client import Client
from ordercast.client.account_answers import Account, AuditLine
from ordercast.client.order_answers import Order, OrderItem
from ordercast.client.page import Page
from ordercast.services.console.parts import Missing, ask, lines_about

PAGE: Final = 25
# Of an order with 2,000 lines, too, a page has 100 kB at most.
LINES: Final = 50


@dataclass(frozen=True, slots=True)
class Row:
    """An order of the table; `account` is None where nobody says who that is."""

    order: Order
    account: Account | None

    @property
    def pieces(self) -> int:
        """Without those that were taken back."""
        return sum(item.quantity - item.cancelled_quantity for item in self.order.items)


@dataclass(frozen=True, slots=True)
class Orders:
    as_of: datetime
    rows: Sequence[Row]
    has_more: bool


@dataclass(frozen=True, slots=True)
class Moment:
    """Something that happened to an order; `what` is ordered, confirmed, cancelled or written."""

    what: str
    at: datetime


@dataclass(frozen=True, slots=True)
class OrderPage:
    """`items` are those of this page, and `account` whose it is. `audit` is None for whoever may not see it."""

    as_of: datetime
    order: Order
    account: Account | Missing
    items: Sequence[OrderItem]
    lines_after: int
    audit: Page[AuditLine] | Missing | None = None

    @property
    def has_more_lines(self) -> bool:
        return self.lines_after + len(self.items) < len(self.order.items)

    @property
    def left(self) -> int:
        """Pieces that were not taken back."""
        return sum(item.quantity - item.cancelled_quantity for item in self.order.items)

    @property
    def pieces(self) -> int:
        return sum(item.quantity for item in self.order.items)

    @property
    def history(self) -> Sequence[Moment]:
        return history_of(self.order)


def history_of(order: Order) -> list[Moment]:
    """What the order tells of itself, in the order of time. That it was written here is told where it says something of its own:
    of an import, or pieces that were taken back."""
    told = [
        Moment("ordered", order.created_at),
        *([Moment("confirmed", order.confirmed_at)] if order.confirmed_at else []),
        *([Moment("cancelled", order.cancelled_at)] if order.cancelled_at else []),
    ]
    if order.updated_at not in {moment.at for moment in told}:
        told.append(Moment("written", order.updated_at))
    return sorted(told, key=lambda moment: moment.at)


async def read_orders(client: Client, **filters: Any) -> Orders | Missing:
    """The orders that `ShopPages.orders` gives for these.

    Raises:
        LoggedOut: the account's tokens are good no longer.
    """
    page: Page[Order] | Missing = await ask("order_api", client.shop_pages.orders(limit=PAGE, **filters))
    if isinstance(page, Missing):
        return page
    accounts = await _accounts(client, {order.account_id for order in page.data})
    rows = [Row(order, accounts.get(order.account_id)) for order in page.data]
    return Orders(datetime.now(UTC), rows, page.has_more)


async def _accounts(client: Client, ids: set[int]) -> Mapping[int, Account]:
    """Those that can be read."""
    if not ids:
        return {}
    found = await ask("order_api", client.shop_pages.accounts(limit=len(ids), ids=ids))
    return {} if isinstance(found, Missing) else {account.id: account for account in found.data}


async def read_order(
    client: Client, order_id: UUID, lines_after: int = 0, *, for_admin: bool = False, audit_after: int | None = None
) -> OrderPage | Missing:
    """Raises:
    LoggedOut: the account's tokens are good no longer.
    """
    order = await ask("order_api", client.order_api.order(order_id))
    if isinstance(order, Missing):
        return order
    items = order.items[lines_after : lines_after + LINES]
    asking = ask("order_api", client.order_api.account(order.account_id))
    if not for_admin:
        return OrderPage(datetime.now(UTC), order, await asking, items, lines_after)
    account, audit = await asyncio.gather(asking, lines_about(client, f"orders/{order_id}", audit_after))
    return OrderPage(datetime.now(UTC), order, account, items, lines_after, audit)
