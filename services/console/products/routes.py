"""The products in a table, a page for each, forms that add and change one, and reviews that are taken down after asking."""

from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

from fastapi import APIRouter, Form, Request, Response

from ordercast.client.order_answers import Product
from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.log_in.schemas import Form as AnyForm
from ordercast.services.console.pages import Operator, check_form, go_to, page
from ordercast.services.console.parts import ACTION_DEADLINE_S, NO_MODEL, Missing, ask, is_missing, status_of
from ordercast.services.console.products import read_products as told
from ordercast.services.console.products.change_product import change_product
from ordercast.services.console.products.schemas import ProductForm, ProductQuestion, ProductsQuestion
from ordercast.services.console.schemas import query_of
from ordercast.services.shared.http.requests import PathId, in_query

router = APIRouter()

Asked = Annotated[ProductsQuestion, in_query(ProductsQuestion)]
AskedOfOne = Annotated[ProductQuestion, in_query(ProductQuestion)]


@router.get("/products")
async def show_products(request: Request, log_in: Operator, asked: Asked) -> Response:
    found = await told.read_products(log_in.client, **asked.filters())
    next_page = None
    if not isinstance(found, Missing) and found.has_more:
        next_page = "/products?" + query_of(asked, starting_after=found.data[-1].id)
    return page(
        request,
        "products.html",
        status_of(found),
        found=found,
        as_of=datetime.now(UTC),
        asked=asked,
        missing=is_missing,
        first_page="/products?" + query_of(asked, starting_after=None),
        next_page=next_page,
        same=query_of(asked),
    )


@router.get("/products/new")
async def ask_for_new(request: Request, _: Operator) -> Response:
    return page(request, "product_new.html", form=ProductForm(active=True), failed=None)


@router.post("/products/new")
async def add(request: Request, log_in: Operator, form: Annotated[ProductForm, Form()]) -> Response:
    check_form(request, form.csrf)
    adding = log_in.client.order_api.create_product(**asdict(form.values))
    added = await ask("order_api", adding, within_s=ACTION_DEADLINE_S)
    if isinstance(added, Missing):
        return page(request, "product_new.html", added.status, form=form, failed=added)
    return go_to(f"/products/{added.id}")


@router.get("/products/{product_id}")
async def show_product(request: Request, log_in: Operator, product_id: PathId, asked: AskedOfOne) -> Response:
    found = await told.read_product(log_in.client, product_id, **asdict(asked), for_admin=log_in.is_admin)
    reviews = found.reviews
    more = None if isinstance(reviews, Missing) or not reviews.has_more else reviews.data[-1].id
    return page(
        request,
        "product.html",
        found.product.status if isinstance(found.product, Missing) else 200,
        product_id=product_id,
        found=found,
        asked=asked,
        more_reviews=more,
        missing=is_missing,
        no_model=NO_MODEL,
        days=told.DAYS,
        weeks=told.WEEKS,
        service_level=told.SERVICE_LEVEL,
    )


@router.get("/products/{product_id}/edit")
async def ask_to_change(request: Request, log_in: Operator, product_id: PathId) -> Response:
    return await _ask_to_change(request, log_in, product_id)


@router.post("/products/{product_id}/edit")
async def change(
    request: Request, log_in: Operator, product_id: PathId, form: Annotated[ProductForm, Form()]
) -> Response:
    """What was typed stays if order_api refuses it, or if somebody else changed the product meanwhile."""
    check_form(request, form.csrf)
    done = await change_product(log_in.client, product_id, form.values, form.known)
    if isinstance(done, Missing):
        return await _ask_to_change(request, log_in, product_id, form, done)
    return go_to(f"/products/{product_id}")


@router.get("/products/{product_id}/reviews/{review_id}/remove")
async def ask_to_take_down(request: Request, log_in: Operator, product_id: PathId, review_id: PathId) -> Response:
    return await _ask_to_take_down(request, log_in, product_id, review_id)


@router.post("/products/{product_id}/reviews/{review_id}/remove")
async def take_down(
    request: Request, log_in: Operator, product_id: PathId, review_id: PathId, form: Annotated[AnyForm, Form()]
) -> Response:
    check_form(request, form.csrf)
    taking_down = log_in.client.reviews.take_down(product_id, review_id)
    done = await ask("order_api", taking_down, within_s=ACTION_DEADLINE_S)
    if isinstance(done, Missing):
        return await _ask_to_take_down(request, log_in, product_id, review_id, done)
    return go_to(f"/products/{product_id}#reviews")


async def _ask_to_change(
    request: Request,
    log_in: LogIn,
    product_id: int,
    typed: ProductForm | None = None,
    failed: Missing | None = None,
) -> Response:
    found = await ask("order_api", log_in.client.edits.product(product_id))
    status = failed.status if failed else found.status if isinstance(found, Missing) else 200
    product: Product | Missing
    if isinstance(found, Missing):
        product, form = found, typed
    else:
        product, etag = found
        # What was typed is sent over what the page now shows: whoever sends it again has seen it.
        form = typed.over(product, etag) if typed else ProductForm.of(product, etag)
    return page(
        request,
        "product_edit.html",
        status,
        product_id=product_id,
        product=product,
        form=form,
        failed=failed,
        missing=is_missing,
    )


async def _ask_to_take_down(
    request: Request, log_in: LogIn, product_id: int, review_id: int, failed: Missing | None = None
) -> Response:
    review = await told.read_review(log_in.client, product_id, review_id)
    status = failed.status if failed else review.status if isinstance(review, Missing) else 200
    return page(
        request,
        "review_remove.html",
        status,
        product_id=product_id,
        review_id=review_id,
        review=review,
        failed=failed,
        missing=is_missing,
    )
