"""Reads the review board."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import select

from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.products.read_products import read_product
from ordercast.services.order_api.reviews.tables import Review
from ordercast.services.shared.db.cut_page import cut_page
from ordercast.services.shared.db.engine import Sessions


class SignedReview(NamedTuple):
    """A review and its author's nickname."""

    review: Review
    nickname: str


async def read_reviews(
    sessions: Sessions, product_id: int, *, limit: int, starting_after: int | None
) -> tuple[Sequence[SignedReview], bool]:
    """A page of the product's reviews, the newest first, and whether more follow.

    Raises:
        ProductNotFound: there is no such product.
    """
    await read_product(sessions, product_id)
    query = (
        select(Review, Account.nickname)
        .join(Account, Account.id == Review.account_id)
        .where(Review.product_id == product_id)
        .order_by(Review.id.desc())
        .limit(limit + 1)
    )
    if starting_after is not None:
        query = query.where(Review.id < starting_after)
    async with sessions() as session:
        rows = [SignedReview(*row) for row in await session.execute(query)]
    return cut_page(rows, limit)
