"""The orders in a table and a page for each; one is confirmed or cancelled, as a whole or by pieces, after asking."""

from http import HTTPStatus
from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form, Request, Response

from ordercast.services.console.log_in.log_ins import LogIn
from ordercast.services.console.log_in.schemas import Form as AnyForm
from ordercast.services.console.orders.read_orders import LINES, read_order, read_orders
from ordercast.services.console.orders.schemas import CancelForm, OrderQuestion, OrdersQuestion
from ordercast.services.console.pages import Operator, check_form, go_to, page
from ordercast.services.console.parts import ACTION_DEADLINE_S, Missing, ask, is_missing, status_of
from ordercast.services.console.schemas import query_of
from ordercast.services.shared.http.requests import in_query

router = APIRouter()

Asked = Annotated[OrdersQuestion, in_query(OrdersQuestion)]
AskedOfOne = Annotated[OrderQuestion, in_query(OrderQuestion)]


@router.get("/orders")
async def show_orders(request: Request, log_in: Operator, asked: Asked) -> Response:
    if asked.finds_one is not None:
        return go_to(f"/orders/{asked.finds_one}")
    found = await read_orders(log_in.client, **asked.filters())
    next_page = None
    if not isinstance(found, Missing) and found.has_more:
        next_page = "/orders?" + query_of(asked, starting_after=found.rows[-1].order.id)
    return page(
        request,
        "orders.html",
        status_of(found),
        found=found,
        asked=asked,
        missing=is_missing,
        first_page="/orders?" + query_of(asked, starting_after=None),
        next_page=next_page,
        same=query_of(asked, **asked.times()),
    )


@router.get("/orders/{order_id}")
async def show_order(request: Request, log_in: Operator, order_id: UUID, asked: AskedOfOne) -> Response:
    found = await read_order(
        log_in.client, order_id, asked.lines_after, for_admin=log_in.is_admin, audit_after=asked.audit_after
    )
    return page(
        request,
        "order.html",
        found.status if isinstance(found, Missing) else 200,
        asked=asked,
        order_id=order_id,
        found=found,
        missing=is_missing,
        lines=LINES,
    )


@router.get("/orders/{order_id}/confirm")
async def ask_to_confirm(request: Request, log_in: Operator, order_id: UUID) -> Response:
    return await _ask_to_confirm(request, log_in, order_id)


@router.post("/orders/{order_id}/confirm")
async def confirm(request: Request, log_in: Operator, order_id: UUID, form: Annotated[AnyForm, Form()]) -> Response:
    check_form(request, form.csrf)
    done = await ask("order_api", log_in.client.order_api.confirm_order(order_id), within_s=ACTION_DEADLINE_S)
    if isinstance(done, Missing):
        return await _ask_to_confirm(request, log_in, order_id, done)
    return go_to(f"/orders/{order_id}")


@router.get("/orders/{order_id}/cancel")
async def ask_to_cancel(request: Request, log_in: Operator, order_id: UUID, asked: AskedOfOne) -> Response:
    form = CancelForm(key=str(uuid4()), lines_after=asked.lines_after)
    return await _ask_to_cancel(request, log_in, order_id, form)


@router.post("/orders/{order_id}/cancel")
async def cancel(request: Request, log_in: Operator, order_id: UUID, form: Annotated[CancelForm, Form()]) -> Response:
    """What was typed stays if order_api refuses it, with its key: where no answer came, it is done once all the same. What can be
    meant in two ways is asked once more: a piece that was typed beside "all" would take the whole order."""
    check_form(request, form.csrf)
    if form.show is not None:
        return await _ask_to_cancel(request, log_in, order_id, form.model_copy(update={"lines_after": form.show}))
    if form.unclear:
        return await _ask_to_cancel(request, log_in, order_id, form, unclear=form.unclear)
    cancelling = log_in.client.order_api.cancel_order(order_id, form.lines, key=form.key or None)
    done = await ask("order_api", cancelling, within_s=ACTION_DEADLINE_S)
    if isinstance(done, Missing):
        return await _ask_to_cancel(request, log_in, order_id, form, done)
    return go_to(f"/orders/{order_id}")


async def _ask_to_confirm(request: Request, log_in: LogIn, order_id: UUID, failed: Missing | None = None) -> Response:
    found = await read_order(log_in.client, order_id)
    status = failed.status if failed else found.status if isinstance(found, Missing) else 200
    return page(
        request, "order_confirm.html", status, order_id=order_id, found=found, failed=failed, missing=is_missing
    )


async def _ask_to_cancel(
    request: Request,
    log_in: LogIn,
    order_id: UUID,
    form: CancelForm,
    failed: Missing | None = None,
    unclear: str | None = None,
) -> Response:
    found = await read_order(log_in.client, order_id, form.lines_after)
    problems = [part.status for part in (failed, found) if isinstance(part, Missing)]
    status = problems[0] if problems else HTTPStatus.UNPROCESSABLE_ENTITY if unclear else HTTPStatus.OK
    return page(
        request,
        "order_cancel.html",
        status,
        order_id=order_id,
        found=found,
        form=form,
        failed=failed,
        unclear=unclear,
        missing=is_missing,
        lines=LINES,
    )
