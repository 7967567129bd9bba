"""Sends a simulated shop's year to a running system by the ways of a real shop: its products, then its history in batches.

The first order goes ahead and tells whether this market, or another with its seed, is there already. The second one follows
the views, and so tells whether these are in: a view has no name by which the API could know it again after a day.
"""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final

import msgspec

from ordercast.client import Client
from ordercast.errors import ActionableError
from ordercast.sample.make_sample import CURRENCY
from ordercast.sample.market.simulate import DAYS, History

# A second's work for the API, and no more views than a batch may have.
CHUNK_LINES: Final = 8_000

Advance = Callable[[str, int], None]


class AnotherMarket(ActionableError):
    """The API refuses orders of the market, or its products."""


class PostedMarket(msgspec.Struct):
    """What this run has added. `orders_repeated` were there before."""

    products: int = 0
    views: int = 0
    orders: int = 0
    orders_repeated: int = 0


def market_totals(history: History) -> dict[str, float]:
    """How much there is to do in each of the parts that `advance` hears of."""
    return {"views": len(history.view_lines()), "orders": len(history.orders)}


async def post_market(admin: Client, history: History, *, advance: Advance = lambda _what, _by: None) -> PostedMarket:
    """Adds what is not there yet. One that was interrupted among its views goes on if it is run again within a day.

    `advance` is told of progress in "views" (lines, carts too) and "orders".

    Raises:
        AnotherMarket: the API refuses a part, for one because a market with this seed and another end is there.
        ProblemAnswer: it refuses a whole request.
        ServiceUnreachable: it stays away.
    """
    posted = PostedMarket()
    orders, views = history.order_lines(), history.view_lines()
    await _products(admin, history, posted)
    await _orders(admin, orders[:1], posted, advance)
    if not orders[1:] or not await _is_there(admin, orders[1]["order_ref"]):
        await _views(admin, history, views, posted, advance)
    else:
        advance("views", len(views))
    await _orders(admin, orders[1:2], posted, advance)
    for start in range(2, len(orders), CHUNK_LINES):
        await _orders(admin, orders[start : start + CHUNK_LINES], posted, advance)
    return posted


async def end_of(admin: Client, history: History) -> date | None:
    """The day before which the market that is there under the same seed ends; None if none is there."""
    [first, *_] = history.order_lines()
    async for order in admin.order_api.orders(order_ref=first["order_ref"]):
        begin = order.created_at - timedelta(seconds=history.orders[0].at)
        return (begin + timedelta(days=DAYS)).date()
    return None


async def _products(admin: Client, history: History, posted: PostedMarket) -> None:
    answer = await admin.order_api.import_products(
        {"sku": product.sku, "name": product.name, "price": str(product.price), "currency": CURRENCY}
        for product in history.market.products
    )
    _check(answer.refused)
    posted.products += answer.created


async def _views(
    admin: Client, history: History, views: list[dict[str, Any]], posted: PostedMarket, advance: Advance
) -> None:
    market = history.market
    for start in range(0, len(views), CHUNK_LINES):
        chunk = views[start : start + CHUNK_LINES]
        key = f"sample-market-{market.seed}-{market.until}-views-{start}"
        answer = await admin.order_api.add_views(chunk, key=key, create_missing=True, currency=CURRENCY)
        _check(answer.refused)
        posted.views += answer.accepted
        advance("views", len(chunk))


async def _orders(admin: Client, orders: list[dict[str, Any]], posted: PostedMarket, advance: Advance) -> None:
    if not orders:
        return
    answer = await admin.order_api.import_orders(orders, create_missing=True, currency=CURRENCY)
    _check(answer.refused)
    posted.orders += answer.created
    posted.orders_repeated += answer.repeated
    advance("orders", len(orders))


async def _is_there(admin: Client, order_ref: str) -> bool:
    return any([True async for _ in admin.order_api.orders(order_ref=order_ref)])


def _check(refused: list[Any]) -> None:
    if refused:
        raise AnotherMarket(
            f"the API refused {len(refused):,} lines of the market, the first one because: {refused[0].reason}",
            hint="if a market with this seed is there already, name its end with --until, or choose another --seed",
        )
