"""The cart: look at it, change it, order it."""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import quote

from fastapi import APIRouter, Form, Request, Response

from ordercast.services.console.cart.cart import Cart
from ordercast.services.console.cart.read_cart import CartPage, read_cart
from ordercast.services.console.cart.schemas import CartForm, CartQuestion
from ordercast.services.console.pages import (
    CART_COOKIE,
    SHOP,
    cart_of,
    check_form,
    console,
    go_to,
    keep_cart,
    log_in_of,
    page,
)
from ordercast.services.console.parts import ACTION_DEADLINE_S, Missing, ask, is_missing
from ordercast.services.shared.http.requests import in_query

router = APIRouter()

CART: Final = f"{SHOP}/cart"
# Where one who is not logged in goes on.
FIRST: Final = {name: f"{SHOP}/{name}?after={quote(CART, safe='')}" for name in ("log-in", "sign-up")}


@router.get(CART)
async def show_cart(request: Request, asked: Annotated[CartQuestion, in_query(CartQuestion)]) -> Response:
    cart = cart_of(request)
    return _show(request, cart, await read_cart(console(request).anybody, cart), untold=asked.untold)


@router.post(CART)
async def change_cart(request: Request, form: Annotated[CartForm, Form()]) -> Response:
    check_form(request, form.csrf)
    cart = cart_of(request)
    if form.wrong:
        found = await read_cart(console(request).anybody, cart)
        return _show(request, cart, found, form=form, failed="quantity", status=422)
    return keep_cart(request, go_to(CART), form.changed(cart))


@router.post(f"{SHOP}/orders")
async def place_order(request: Request, form: Annotated[CartForm, Form()]) -> Response:
    """Orders what the page showed, at the prices that it showed; else the page says what is otherwise now. Twice is once."""
    check_form(request, form.csrf)
    kept, log_in = cart_of(request), log_in_of(request)
    cart = form.changed(kept)
    if log_in is None:
        if form.wrong:
            found = await read_cart(console(request).anybody, cart)
            return _show(request, cart, found, form=form, failed="quantity", status=422)
        return keep_cart(request, go_to(FIRST[form.next]), cart)
    if not cart.lines:
        return keep_cart(request, go_to(CART), cart)
    found = await read_cart(console(request).anybody, cart)
    if refused := _why_not(form, kept, found):
        reason, status = refused
        answer = _show(request, cart, found, form=form, failed=reason, status=status)
        return keep_cart(request, answer, cart.at_prices_of(found.products))
    placed = await ask(
        "order_api", log_in.client.order_api.place_order(cart.items, key=cart.key), within_s=ACTION_DEADLINE_S
    )
    if isinstance(placed, Missing):
        return keep_cart(request, _show(request, cart, found, form=form, failed=placed, status=placed.status), cart)
    answer = go_to(f"{SHOP}/orders/{placed.id}?placed=true")
    answer.delete_cookie(CART_COOKIE)
    return answer


def _why_not(form: CartForm, kept: Cart, found: CartPage) -> tuple[Missing | str, int] | None:
    """What stands against an order, and its status. `kept` is the cart as it was before the form: another tab may have put
    something in, or taken it out, since the page was shown."""
    if form.wrong:
        return "quantity", 422
    if set(form.product) != {line.product_id for line in kept.lines}:
        return "cart", 409
    if found.unavailable:
        return found.unavailable, found.unavailable.status
    if not found.can_be_ordered:
        return "not sold", 409
    prices: Mapping[int, str] = form.shown_prices
    if any(prices.get(product.id) != f"{product.price} {product.currency}" for product in found.products):
        return "price", 409
    return None


def _show(
    request: Request,
    cart: Cart,
    found: CartPage,
    *,
    form: CartForm | None = None,
    failed: Missing | str | None = None,
    status: int = 200,
    untold: bool = False,
) -> Response:
    return page(
        request,
        "cart.html",
        status,
        cart=cart,
        found=found,
        typed=form.typed if form else {},
        wrong=form.wrong if form else set(),
        failed=failed,
        untold=untold,
        missing=is_missing,
    )
