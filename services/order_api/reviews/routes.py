"""The review board of a product."""

from fastapi import APIRouter, Response

from ordercast.services.order_api import errors
from ordercast.services.order_api.reviews.read_reviews import read_reviews
from ordercast.services.order_api.reviews.schemas import NewReview, ReviewAnswer, ReviewChange
from ordercast.services.order_api.reviews.write_reviews import change_review, delete_review, write_review
from ordercast.services.order_api.wiring import CurrentService
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.paging import DEFAULT_LIMIT, Limit, Page, StartingAfter
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.http.requests import PathId

router = APIRouter(tags=["reviews"])


@router.post("/products/{product_id}/reviews", status_code=201)
@raises(errors.ProductNotFound, errors.NotOrdered, errors.AlreadyReviewed)
async def write(
    product_id: PathId, body: NewReview, caller: CurrentCaller, service: CurrentService, response: Response
) -> ReviewAnswer:
    """Reviews a product that the caller ordered (else 403), once (else 409)."""
    review, nickname = await write_review(service.sessions, caller, product_id, **body.model_dump())
    response.headers["Location"] = f"/products/{product_id}/reviews/{review.id}"
    return ReviewAnswer.of(review, nickname)


@router.get("/products/{product_id}/reviews")
@raises(errors.ProductNotFound)
async def list_reviews(
    product_id: PathId, service: CurrentService, limit: Limit = DEFAULT_LIMIT, starting_after: StartingAfter = None
) -> Page[ReviewAnswer]:
    """The product's reviews, the newest first."""
    reviews, has_more = await read_reviews(service.reading, product_id, limit=limit, starting_after=starting_after)
    return Page(data=[ReviewAnswer.of(*review) for review in reviews], has_more=has_more)


@router.patch("/products/{product_id}/reviews/{review_id}")
@raises(errors.ReviewNotFound, errors.NotYourReview)
async def change(
    product_id: PathId, review_id: PathId, body: ReviewChange, caller: CurrentCaller, service: CurrentService
) -> ReviewAnswer:
    """Changes the caller's own review; operators and admins any."""
    values = body.model_dump(exclude_unset=True)
    return ReviewAnswer.of(*await change_review(service.sessions, caller, product_id, review_id, values))


@router.delete("/products/{product_id}/reviews/{review_id}", status_code=204)
@raises(errors.ReviewNotFound, errors.NotYourReview)
async def take_down(product_id: PathId, review_id: PathId, caller: CurrentCaller, service: CurrentService) -> None:
    """Takes down the caller's own review; operators and admins any."""
    await delete_review(service.sessions, caller, product_id, review_id)
