"""What goes in and out at the review board."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from ordercast.services.order_api.reviews.tables import Review
from ordercast.services.shared.http.requests import WITHOUT_NUL, BodyModel, ChangeModel

Rating = Annotated[int, Field(ge=1, le=5)]
# Several paragraphs; a longer text is an essay.
ReviewText = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=4_000), WITHOUT_NUL]


class NewReview(BodyModel):
    rating: Rating
    text: ReviewText


class ReviewChange(ChangeModel):
    """The fields to change; the others stay as they are."""

    rating: Rating | None = None
    text: ReviewText | None = None


class ReviewAnswer(BaseModel):
    """A review; `nickname` is its author's."""

    id: int
    product_id: int
    account_id: int
    nickname: str
    rating: int
    text: str
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, review: Review, nickname: str) -> "ReviewAnswer":
        return cls(
            id=review.id,
            product_id=review.product_id,
            account_id=review.account_id,
            nickname=nickname,
            rating=review.rating,
            text=review.text,
            created_at=review.created_at,
            updated_at=review.updated_at,
        )
