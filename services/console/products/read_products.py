"""The products a page at a time, and all that the services say of one."""

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from ordercast.client import Client
from ordercast.client.account_answers import AuditLine
from ordercast.client.demand_answers import OneForecast
from ordercast.client.order_answers import Price, Product, Review, Trends
from ordercast.client.page import Page
from ordercast.services.console.parts import Missing, ask, lines_about, nothing
from ordercast.services.console.words import Words

PAGE: Final = 25
REVIEWS: Final = 10
PRICES: Final = 10
# Days of which sales are told, and weeks of which the forecast is.
DAYS: Final = 30
WEEKS: Final = 4
SERVICE_LEVEL: Final = 0.95


@dataclass(frozen=True, slots=True)
class Sales:
    """Of the last days: orders, pieces without those that were taken back, and views."""

    orders: int
    pieces: int
    views: int

    @classmethod
    def of(cls, trends: Trends) -> "Sales":
        days = trends.days
        return cls(
            sum(day.orders for day in days), sum(day.net_quantity for day in days), sum(day.views for day in days)
        )


@dataclass(frozen=True, slots=True)
class ProductPage:
    as_of: datetime
    product: Product | Missing
    sales: Sales | Missing
    forecast: OneForecast | Missing
    prices: Page[Price] | Missing
    reviews: Page[Review] | Missing
    audit: Page[AuditLine] | Missing | None = None


async def read_products(
    client: Client, *, search: str | None, active: bool | None, starting_after: int | None
) -> Page[Product] | Missing:
    """Raises:
    LoggedOut: the account's tokens are good no longer.
    """
    asking = client.shop_pages.products(limit=PAGE, starting_after=starting_after, search=search, active=active)
    return await ask("order_api", asking)


async def read_product(
    client: Client,
    product_id: int,
    *,
    reviews_after: int | None = None,
    prices_after: int | None = None,
    audit_after: int | None = None,
    for_admin: bool = False,
) -> ProductPage:
    """With the audit log's lines for an admin. Of each list that is asked for after one the page after it.

    Raises:
        LoggedOut: the account's tokens are good no longer.
    """
    now = datetime.now(UTC)
    first = now.date() - timedelta(days=DAYS - 1)
    product, trends, forecast, prices, reviews, audit = await asyncio.gather(
        ask("order_api", client.order_api.product(product_id)),
        ask("order_api", client.order_api.trends(product_id=product_id, first=first, last=now.date())),
        ask("predictor", client.predictor.forecast(product_id, weeks=WEEKS, service_level=SERVICE_LEVEL)),
        ask("order_api", client.shop_pages.prices(product_id, limit=PRICES, starting_after=prices_after)),
        ask("order_api", client.shop_pages.reviews(product_id, limit=REVIEWS, starting_after=reviews_after)),
        lines_about(client, f"products/{product_id}", audit_after) if for_admin else nothing(),
    )
    sales = trends if isinstance(trends, Missing) else Sales.of(trends)
    return ProductPage(now, product, sales, forecast, prices, reviews, audit)


async def read_review(client: Client, product_id: int, review_id: int) -> Review | Missing:
    """One of the board, which the API lists and does not give alone: the first one that follows after the next number."""
    page = await ask("order_api", client.shop_pages.reviews(product_id, limit=1, starting_after=review_id + 1))
    if isinstance(page, Missing):
        return page
    found = next((review for review in page.data if review.id == review_id), None)
    if found is not None:
        return found
    words = Words(
        "product %(product)s has no review %(review)s", {"product": str(product_id), "review": str(review_id)}
    )
    return Missing("order_api", words, "review-not-found", 404)
