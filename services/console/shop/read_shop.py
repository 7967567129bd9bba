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


@dataclass(frozen=True, slots=True)
class ShopWindow:
    """Some of the products that are sold; `next_after` is the last of them, where there are more."""

    as_of: datetime
    products: Sequence[Product] | Missing
    next_after: int | None = None


@dataclass(frozen=True, slots=True)
class ProductPage:
    """`not_counted`: why the look at it was not. It is None where nobody is logged in, since that is of no account."""

    as_of: datetime
    product: Product | Missing
    reviews: Page[Review] | Missing
    not_counted: Missing | None = None

    def written_by(self, account_id: int) -> Review | None:
        """That account's review, if it is among these: an account writes one of a product."""
        reviews = [] if isinstance(self.reviews, Missing) else self.reviews.data
        return next((review for review in reviews if review.account_id == account_id), None)


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
    anybody: Client, customer: Client | None, product_id: int, reviews_after: int | None = None
) -> ProductPage:
    """A customer's look at it is a view, which order_api counts.

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
    return ProductPage(datetime.now(UTC), product, reviews, viewed if isinstance(viewed, Missing) else None)


async def _view(customer: Client | None, product_id: int) -> None:
    if customer is not None:
        await customer.order_api.add_view(product_id)
