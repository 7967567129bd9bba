"""What an account has ordered here, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from ordercast.client import Client
from ordercast.client.order_answers import Order
from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.parts import NOT_FOUND, Missing, ask, products_of
from ordercast.services.console.words import Words

MOST: Final = 20
# Of an order of 2,000 lines so many have their names.
MOST_NAMES: Final = 40


@dataclass(frozen=True, slots=True)
class OwnOrders:
    """The newest, or those after another; `next_after` is the last of them, where there are more."""

    as_of: datetime
    orders: Sequence[Order] | Missing
    next_after: UUID | None = None


@dataclass(frozen=True, slots=True)
class OwnOrder:
    """`names` of its products, as far as they are known."""

    as_of: datetime
    order: Order | Missing
    names: Mapping[int, str]


async def read_own_orders(log_in: LogIn, starting_after: UUID | None) -> OwnOrders:
    """Raises:
    LoggedOut: the account's tokens are good no longer.
    """
    # An operator would see everybody's.
    own = log_in.client.shop_pages.orders(limit=MOST, account_id=log_in.account.id, starting_after=starting_after)
    found = await ask("order_api", own)
    now = datetime.now(UTC)
    if isinstance(found, Missing):
        return OwnOrders(now, found)
    return OwnOrders(now, found.data, found.data[-1].id if found.has_more else None)


async def read_own_order(log_in: LogIn, anybody: Client, order_id: UUID) -> OwnOrder:
    """Raises:
    LoggedOut: the account's tokens are good no longer.
    """
    order = await ask("order_api", log_in.client.order_api.order(order_id))
    now = datetime.now(UTC)
    # An operator may read everybody's: these are shown where the shop is run.
    if not isinstance(order, Missing) and order.account_id != log_in.account.id:
        order = Missing("order_api", Words("There is no such order"), "order-not-found", NOT_FOUND)
    if isinstance(order, Missing):
        return OwnOrder(now, order, {})
    ids = list(dict.fromkeys(item.product_id for item in order.items))[:MOST_NAMES]
    products = await products_of(anybody, ids)
    return OwnOrder(now, order, {} if isinstance(products, Missing) else {one.id: one.name for one in products})
