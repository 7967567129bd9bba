"""POST /orders, GET /orders and what can be done to an order."""

import hashlib
from typing import Annotated, Final
from uuid import UUID

import msgspec
from fastapi import APIRouter, Query, Request, Response
from starlette.responses import StreamingResponse

from ordercast.services.order_api import errors
from ordercast.services.order_api.ndjson import unpacked
from ordercast.services.order_api.ndjson_document import ndjson_body, nothing_came_in
from ordercast.services.order_api.orders import idempotency_header
from ordercast.services.order_api.orders.answers import ImportAnswer, OrderAnswer, OrderPage
from ordercast.services.order_api.orders.change_order import CancelRequest
from ordercast.services.order_api.orders.idempotency_header import IdempotencyKey
from ordercast.services.order_api.orders.import_orders import ImportOptions, OnConflict
from ordercast.services.order_api.orders.place_orders import Line, OrderRequest
from ordercast.services.order_api.orders.read_changes import read_changes
from ordercast.services.order_api.orders.read_journey import Journey
from ordercast.services.order_api.orders.read_orders import OrderList, Sort, read_order, read_orders
from ordercast.services.order_api.orders.schemas import (
    CancelOrderRequest,
    PlaceOrderRequest,
    UpdatedAfter,
    WantedOrders,
)
from ordercast.services.order_api.products.schemas import Currency
from ordercast.services.order_api.refused_lines import answer_of_import
from ordercast.services.order_api.wiring import CurrentService
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.documents import document_of
from ordercast.services.shared.http.paging import DEFAULT_LIMIT, Limit
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.telemetry.tracing import current_traceparent

router = APIRouter(tags=["orders"])


class _Placed(msgspec.Struct):
    """What is read of an order's answer, which may be a stored one."""

    id: UUID


_LINES: Final = ndjson_body(
    "One order a line, as UTF-8, maybe with Content-Encoding: gzip. `account_ref` is the shop's reference or an email "
    "address as text, or an account's id as a number. `status` is PENDING, CONFIRMED (without it) or CANCELLED: ordered, "
    "then cancelled; `confirmed_at` and `cancelled_at` are `occurred_at` without them. The `kind` cancellation is a "
    "document of its own that only takes back. `currency` is the products' own without it; items may have a `name`.",
    {
        "order_ref": "1001",
        "account_ref": "17850",
        "occurred_at": "2026-01-02T03:04:05Z",
        "currency": "EUR",
        "items": [{"sku": "MUG-1", "name": "Mug", "quantity": 2, "unit_price": "12.50"}],
    },
)
_id: Final = msgspec.json.Decoder(_Placed)


@router.post("/orders", status_code=201, response_model=document_of(OrderAnswer))
@raises(
    errors.UnknownAccount,
    errors.UnknownProduct,
    errors.InactiveProduct,
    errors.MixedCurrencies,
    errors.InvalidKey,
    errors.KeyReused,
    errors.KeyInFlight,
    errors.Overloaded,
)
async def place(
    request: Request,
    body: PlaceOrderRequest,
    caller: CurrentCaller,
    service: CurrentService,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Places an order at the products' current prices. 201 is sent after the commit: the order is not lost.

    Unit prices may have four decimals. A line's total is rounded half to even to the smallest amount of the currency that can be
    paid (ISO 4217: JPY 1, EUR 0.01, KWD 0.001), and the order's total is their sum.
    """
    key = idempotency_header.checked(idempotency_key)
    order = OrderRequest(
        account_id=caller.account_id,
        lines=[Line(item.product_id, item.quantity) for item in body.items],
        key=key,
        body_sha256=hashlib.sha256(await request.body()).digest() if key else b"",
        traceparent=current_traceparent(),
    )
    answer = await service.place_orders.submit(order)
    response = idempotency_header.answered(answer, status=201)
    response.headers["Location"] = f"/orders/{_id.decode(answer.body).id}"
    return response


@router.get("/orders", response_model=document_of(OrderPage))
@raises(errors.NotAllowed, errors.InvalidPeriod, errors.InvalidCursor, errors.OrderNotFound)
async def list_orders(
    caller: CurrentCaller,
    service: CurrentService,
    wanted: WantedOrders,
    sort: Annotated[Sort | None, Query(description="by the time of the order; by default the newest first")] = None,
    limit: Limit = DEFAULT_LIMIT,
    starting_after: Annotated[UUID | None, Query(description="id of the last order of the page before")] = None,
    updated_after: UpdatedAfter = None,
    with_lines: Annotated[
        bool, Query(description="without them `items` is empty, and a page has `limit` orders")
    ] = True,
) -> Response:
    """The caller's orders, or everybody's (no customer's request), that meet all that is given.

    A page ends before `limit` where the lines of its orders would be more than 2,000: `has_more` says whether it was the last one.
    """
    asked = OrderList(wanted, sort, starting_after, limit, with_lines)
    if updated_after is None:
        page = await read_orders(service.sessions, caller, asked)
    else:
        page = await read_changes(service.sessions, caller, updated_after, asked)
    return _json(msgspec.json.encode(page))


@router.get("/orders/{order_id}", response_model=document_of(OrderAnswer))
@raises(errors.OrderNotFound)
async def get_order(order_id: UUID, caller: CurrentCaller, service: CurrentService) -> Response:
    """One order; another account's is 404."""
    return _order(await read_order(service.sessions, caller, order_id))


@router.get("/orders/{order_id}/journey", response_model=document_of(Journey))
@raises(errors.OrderNotFound)
async def get_journey(order_id: UUID, caller: CurrentCaller, service: CurrentService) -> Response:
    """The order's events: the trace of the request that made each, its number in the outbox, and its offset in Kafka.

    While Kafka does not answer, `kafka` says why, and what is known without it is there.
    """
    return _json(msgspec.json.encode(await service.read_journey(caller, order_id)))


@router.post("/orders/{order_id}/confirm", response_model=document_of(OrderAnswer))
@raises(errors.OrderNotFound, errors.OrderNotPending)
async def confirm(order_id: UUID, admin: CurrentCaller, service: CurrentService) -> Response:
    """Confirms an order that is pending."""
    return _order(await service.change_order.confirm(admin, order_id, current_traceparent()))


@router.post("/orders/{order_id}/cancel", response_model=document_of(OrderAnswer))
@raises(
    errors.OrderNotFound,
    errors.OrderNotPending,
    errors.UnknownLine,
    errors.CancelledTooMuch,
    errors.InvalidKey,
    errors.KeyReused,
    errors.KeyInFlight,
)
async def cancel(
    request: Request,
    order_id: UUID,
    caller: CurrentCaller,
    service: CurrentService,
    body: CancelOrderRequest | None = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Cancels an order, or takes back pieces of its lines (a return). With its last piece it is CANCELLED.

    A customer may cancel while the order is PENDING, others also when it is CONFIRMED. Send a key with lines, so that a repeat
    does not take them back again.
    """
    key = idempotency_header.checked(idempotency_key)
    cancellation = CancelRequest(
        order_id=order_id,
        lines=None if body is None else {item.line: item.quantity for item in body.items},
        key=key,
        body_sha256=hashlib.sha256(order_id.bytes + await request.body()).digest() if key else b"",
        traceparent=current_traceparent(),
    )
    return idempotency_header.answered(await service.change_order.cancel(caller, cancellation))


@router.post(
    "/orders/import",
    response_model=document_of(ImportAnswer),
    responses=nothing_came_in(document_of(ImportAnswer)),
    openapi_extra=_LINES,
)
@raises(errors.NotNdjson, errors.UnknownEncoding, errors.NoRoomForReport, errors.Overtaken)
async def import_history(
    request: Request,
    admin: CurrentCaller,
    service: CurrentService,
    create_missing: Annotated[bool, Query(description="create unknown accounts (without login) and products")] = False,
    currency: Annotated[
        Currency | None, Query(description="ISO 4217 currency of products that are created, where a line has none")
    ] = None,
    on_conflict: Annotated[
        OnConflict, Query(description="what becomes of a line that tells otherwise of a known order_ref")
    ] = "refuse",
) -> Response:
    """Imports a shop's own history: NDJSON in UTF-8, of any length, as it streams in; maybe with Content-Encoding: gzip.

    Lines are committed as they come; after a cut, send the whole again. A known order_ref is compared: the same again is repeated;
    a later status is applied; anything else is refused, or with `on_conflict=replace` taken back and ordered anew. 422 with the
    same body if lines were refused and nothing came in. A refused line creates nothing.
    """
    options = ImportOptions(create_missing, currency, on_conflict, current_traceparent())
    body = unpacked(request.stream(), request.headers.get("content-encoding"))
    answer = await answer_of_import(lambda refused: service.import_orders.run(body, options, refused, admin))
    service.product_pages.forget()  # products may have been created, or have got a price
    return StreamingResponse(answer.pieces, answer.status, media_type="application/json")


def _order(order: OrderAnswer) -> Response:
    return _json(msgspec.json.encode(order))


def _json(content: bytes, status: int = 200) -> Response:
    return Response(content, status, media_type="application/json")
