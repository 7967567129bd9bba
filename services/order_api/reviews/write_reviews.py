"""Writes, changes and takes down reviews."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, delete, exists, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from ordercast.contracts.because import sentence
from ordercast.services.order_api.accounts.tables import Account
from ordercast.services.order_api.errors import (
    AlreadyReviewed,
    NotOrdered,
    NotYourReview,
    ProductNotFound,
    ReviewNotFound,
)
from ordercast.services.order_api.orders.tables import Order, OrderItem
from ordercast.services.order_api.products.tables import Product
from ordercast.services.order_api.reviews.read_reviews import SignedReview
from ordercast.services.order_api.reviews.tables import Review
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller


async def write_review(sessions: Sessions, caller: Caller, product_id: int, *, rating: int, text: str) -> SignedReview:
    """The review, committed.

    Raises:
        ProductNotFound: there is no such product.
        NotOrdered: the caller has no order with it, or only cancelled ones.
        AlreadyReviewed: the caller wrote one before.
    """
    async with sessions() as session, session.begin():
        if await session.get(Product, product_id) is None:
            raise ProductNotFound(sentence("no-product", product=str(product_id)))
        if not await session.scalar(select(_ordered(caller.account_id, product_id))):
            raise NotOrdered(sentence("order-it-first"))
        review: Review | None = await session.scalar(
            insert(Review)
            .values(account_id=caller.account_id, product_id=product_id, rating=rating, text=text)
            .on_conflict_do_nothing()
            .returning(Review)
        )
        if review is None:
            raise AlreadyReviewed(sentence("change-your-review"))
        return await _signed(session, review)


async def change_review(
    sessions: Sessions, caller: Caller, product_id: int, review_id: int, values: Mapping[str, Any]
) -> SignedReview:
    """The review as it is now, committed. `values` are those of the columns that change.

    Raises:
        ReviewNotFound: the product has no such review.
        NotYourReview: somebody else wrote it, and the caller is no admin.
    """
    async with sessions() as session, session.begin():
        review = await _locked(session, caller, product_id, review_id)
        for name, value in values.items():
            setattr(review, name, value)
        review.updated_at = await session.scalar(select(func.now())) or review.updated_at
        return await _signed(session, review)


async def delete_review(sessions: Sessions, caller: Caller, product_id: int, review_id: int) -> None:
    """
    Raises:
        ReviewNotFound: the product has no such review.
        NotYourReview: somebody else wrote it, and the caller is no admin.
    """
    async with sessions() as session, session.begin():
        review = await _locked(session, caller, product_id, review_id)
        await session.execute(delete(Review).where(Review.id == review.id))


def _ordered(account_id: int, product_id: int) -> ColumnElement[bool]:
    return exists().where(
        Order.account_id == account_id,
        Order.status != "CANCELLED",
        OrderItem.order_id == Order.id,
        OrderItem.product_id == product_id,
    )


async def _locked(session: AsyncSession, caller: Caller, product_id: int, review_id: int) -> Review:
    review: Review | None = await session.scalar(
        select(Review).where(Review.id == review_id, Review.product_id == product_id).with_for_update()
    )
    if review is None:
        raise ReviewNotFound(sentence("no-review", product=str(product_id), review=str(review_id)))
    # 403 and not 404: everybody can read the review, so hiding it would fool nobody.
    if review.account_id != caller.account_id and not caller.for_all:
        raise NotYourReview(sentence("not-your-review"))
    return review


async def _signed(session: AsyncSession, review: Review) -> SignedReview:
    author = await session.get_one(Account, review.account_id)
    return SignedReview(review, author.nickname)
