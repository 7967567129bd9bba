"""The shop: what is sold, and each product with what was written about it."""

import secrets
from typing import Annotated, Final
from urllib.parse import urlencode

from fastapi import APIRouter, Form, Request, Response

from ordercast.services.console.cart.cart import MOST_LINES, Line
from ordercast.services.console.cart.quantities import quantity_of
from ordercast.services.console.pages import (
    SHOP,
    Customer,
    cart_of,
    check_form,
    console,
    go_to,
    keep_cart,
    log_in_of,
    page,
)
from ordercast.services.console.parts import ACTION_DEADLINE_S, Missing, ask, is_missing
from ordercast.services.console.shop.read_shop import look_at_product, read_window
from ordercast.services.console.shop.schemas import (
    MAX_REVIEW,
    IntoCartForm,
    ProductQuestion,
    ProductsQuestion,
    ReviewForm,
)
from ordercast.services.shared.http.requests import PathId, in_query

router = APIRouter()

_KEY_BYTES: Final = 16
_CONFLICT: Final = 409
_TAKEN_DOWN: Final = "review-not-found"


@router.get(SHOP)
async def show_window(request: Request, asked: Annotated[ProductsQuestion, in_query(ProductsQuestion)]) -> Response:
    found = await read_window(console(request).anybody, asked.search, asked.starting_after)
    following = {"search": asked.search, "starting_after": found.next_after}
    return page(
        request,
        "shop.html",
        found.products.status if isinstance(found.products, Missing) else 200,
        found=found,
        asked=asked,
        missing=is_missing,
        next_page=f"{SHOP}?{urlencode(following)}" if found.next_after else None,
    )


@router.get("/shop/products/{product_id}")
async def show_product(
    request: Request, product_id: PathId, asked: Annotated[ProductQuestion, in_query(ProductQuestion)]
) -> Response:
    """Each time a customer opens it, that is a view."""
    return await _show(request, product_id, counts=asked.counts, reviews_after=asked.reviews_after)


@router.post("/shop/products/{product_id}/cart")
async def put_into_cart(request: Request, product_id: PathId, form: Annotated[IntoCartForm, Form()]) -> Response:
    """What was typed stays where it does not go in."""
    check_form(request, form.csrf)
    cart, log_in = cart_of(request), log_in_of(request)
    quantity = quantity_of(form.quantity)
    product = await ask("order_api", console(request).anybody.order_api.product(product_id))
    if isinstance(product, Missing):
        return await _show(request, product_id, form=form, failed=product)
    if not quantity:
        return await _show(request, product_id, form=form, failed="quantity", status=422)
    if not product.active:
        return await _show(request, product_id, form=form, failed="not sold", status=_CONFLICT)
    if cart.is_full and not cart.quantity_of(product_id):
        return await _show(request, product_id, form=form, failed="full", status=_CONFLICT)
    told = (
        await ask("order_api", log_in.client.order_api.add_view(product_id, kind="cart", key=form.key))
        if log_in
        else None
    )
    answer = go_to(f"{SHOP}/cart?untold=true" if isinstance(told, Missing) else f"{SHOP}/cart")
    return keep_cart(request, answer, cart.put(Line.of(product, quantity)))


@router.post("/shop/products/{product_id}/reviews")
async def write_review(
    request: Request, log_in: Customer, product_id: PathId, form: Annotated[ReviewForm, Form()]
) -> Response:
    """What was typed stays where order_api refuses it. Whoever has written one changes it; what was taken down meanwhile is written
    anew by the next try."""
    check_form(request, form.csrf)
    api = log_in.client.reviews
    if form.review is None:
        writing = api.write(product_id, form.rating, form.plain_text)
    else:
        writing = api.change(product_id, form.review, form.rating, form.plain_text)
    written = await ask("order_api", writing, within_s=ACTION_DEADLINE_S)
    if isinstance(written, Missing):
        kept = form.model_copy(update={"review": None}) if written.kind == _TAKEN_DOWN else form
        return await _show(request, product_id, review=kept, refused=written)
    return go_to(f"{SHOP}/products/{product_id}?reviewed=true#reviews")


async def _show(
    request: Request,
    product_id: int,
    *,
    counts: bool = False,
    reviews_after: int | None = None,
    form: IntoCartForm | None = None,
    failed: Missing | str | None = None,
    review: ReviewForm | None = None,
    refused: Missing | None = None,
    status: int = 200,
) -> Response:
    """`failed` says why it did not go into the cart, `refused` why a review is not written."""
    log_in = log_in_of(request)
    looks = log_in.client if log_in and counts else None
    # What was typed into the form stays in it.
    author = log_in.account.id if log_in and review is None else None
    found = await look_at_product(console(request).anybody, looks, product_id, reviews_after, author)
    problems = [part.status for part in (refused, failed, found.product) if isinstance(part, Missing)]
    return page(
        request,
        "shop_product.html",
        problems[0] if problems else status,
        product_id=product_id,
        found=found,
        quantity=form.quantity if form else "1",
        # A page that says why it failed names the same act once more.
        key=form.key if form else secrets.token_urlsafe(_KEY_BYTES),
        failed=failed,
        review=review or ReviewForm.of(found.own),
        refused=refused,
        max_review=MAX_REVIEW,
        most_lines=MOST_LINES,
        reviews_after=reviews_after,
        missing=is_missing,
    )
