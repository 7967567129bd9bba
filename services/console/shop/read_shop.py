"""The shop's products as anybody may see them, and what was written about one."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from ordercast.client import Client
from ordercast.client.order_answers import Product, Review
from ordercast.client.page import Page
from ordercast.services.console.parts import Missing, ask

MOST_PRODUCTS: Final = 24
MOST_REVIEWS: Final = 10
# Of reviews that are read through for one's own, order_api's largest pages, and how many: it has no question for that.
_LARGEST_PAGE: Final = 100
_MOST_PAGES: Final = 20


@dataclass(frozen=True, slots=True)
class ShopWindow:
    """Some of the products that are sold; `next_after` is the last of them, where there are more."""

    as_of: datetime
    products: Sequence[Product] | Missing
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class ProductPage:
    """`own`: what whoever looks has written. `not_counted`: why the look at it was not; it is None where nobody is logged in, since
    that is of no account."""

    as_of: datetime
    product: Product | Missing
    reviews: Page[Review] | Missing
    own: Review | None = None
    not_counted: Missing | None = None


async def read_window(anybody: Client, search: str, starting_after: int | None) -> ShopWindow:
    asking = anybody.shop_pages.products(
        limit=MOST_PRODUCTS, search=search or None, active=True, starting_after=starting_after
    )
    found = await ask("order_api", asking)
    now = datetime.now(UTC)
    if isinstance(found, Missing):
        return ShopWindow(now, found)
    return ShopWindow(now, found.data, found.data[-1].id if found.has_more else None)


async def look_at_product(
    anybody: Client,
    customer: Client | None,
    product_id: int,
    reviews_after: int | None = None,
    written_by: int | None = None,
) -> ProductPage:
    """A customer's look at it is a view, which order_api counts. `written_by`: the account whose own review is looked for.

    Raises:
        LoggedOut: the customer's tokens are good no longer.
    """
    product = await ask("order_api", anybody.order_api.product(product_id))
    if isinstance(product, Missing):
        return ProductPage(datetime.now(UTC), product, Page([], has_more=False))
    reviews, viewed = await asyncio.gather(
        ask("order_api", anybody.shop_pages.reviews(product_id, limit=MOST_REVIEWS, starting_after=reviews_after)),
        ask("order_api", _view(customer, product_id)),
    )
    own: Review | Missing | None = None
    if written_by is not None and not isinstance(reviews, Missing):
        newest = reviews if reviews_after is None else None
        own = await ask("order_api", _review_of(written_by, anybody, product_id, newest))
    return ProductPage(
        datetime.now(UTC),
        product,
        reviews,
        None if isinstance(own, Missing) else own,
        viewed if isinstance(viewed, Missing) else None,
    )


async def _review_of(account_id: int, anybody: Client, product_id: int, newest: Page[Review] | None) -> Review | None:
    """An account writes one of a product. `newest`: the first reviews, where they have been read."""
    page, after = newest, None
    for _ in range(_MOST_PAGES):
        page = page or await anybody.shop_pages.reviews(product_id, limit=_LARGEST_PAGE, starting_after=after)
        own = next((review for review in page.data if review.account_id == account_id), None)
        if own is not None or not page.has_more:
            return own
        after, page = page.data[-1].id, None
    return None


async def _view(customer: Client | None, product_id: int) -> None:
    if customer is not None:
        await customer.order_api.add_view(product_id)
