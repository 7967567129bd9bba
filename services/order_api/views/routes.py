"""POST /views and POST /views/batch."""

import hashlib
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

import msgspec
from fastapi import APIRouter, Query, Request, Response

from ordercast.contracts.limits import MAX_BATCH_LINES
from ordercast.services.order_api import errors
from ordercast.services.order_api.errors import BatchTooLong
from ordercast.services.order_api.ndjson import UNPACKED_AT_ONCE, LineRefused, parse_line, read_lines, unpacked
from ordercast.services.order_api.ndjson_document import ndjson_body
from ordercast.services.order_api.orders import idempotency_header
from ordercast.services.order_api.orders.idempotency_header import IdempotencyKey
from ordercast.services.order_api.products.schemas import Currency
from ordercast.services.order_api.refused_lines import RefusedLine
from ordercast.services.order_api.views.batch_progress import digest_of
from ordercast.services.order_api.views.lines import BatchAnswer, IncompleteBatch, ViewAnswer, ViewLine
from ordercast.services.order_api.views.record_views import Batch, Key, RequestedView
from ordercast.services.order_api.views.resolve_lines import CreateMissing
from ordercast.services.order_api.views.schemas import ViewRequest
from ordercast.services.order_api.wiring import CurrentService
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.documents import document_of
from ordercast.services.shared.http.openapi import PROBLEM_SCHEMA
from ordercast.services.shared.http.problem import PROBLEM_JSON, Problem
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.kafka.errors import BrokerUnavailable, RecordRefused
from ordercast.services.shared.problem_types.every_service import FORBIDDEN
from ordercast.services.shared.telemetry.tracing import current_traceparent

router = APIRouter(tags=["views"])

_decoder = msgspec.json.Decoder(ViewLine)

# 10,000 lines of a batch take about 1.5 MB, with long references and blanks a few more.
MAX_VIEW_BATCH_BYTES: Final = 8 * 1_048_576

# The members that `batch-incomplete` has beside those of every problem; the answers' models stand among the components.
_INCOMPLETE: Final = document_of(IncompleteBatch).model_json_schema(ref_template="#/components/schemas/{model}")
_UNAVAILABLE: Final[dict[str, Any]] = {
    "content": {
        PROBLEM_JSON: {
            "schema": PROBLEM_SCHEMA | {"properties": PROBLEM_SCHEMA["properties"] | _INCOMPLETE["properties"]}
        }
    },
}


_LINES: Final = ndjson_body(
    "One view a line, as UTF-8, 10,000 lines at most. It may come with Content-Encoding: gzip.",
    {"product_id": 1, "count": 3, "occurred_at": "2026-01-02T03:04:05Z", "kind": "cart"},
    {"account_ref": "C-17850", "sku": "MUG-1", "name": "Mug"},
)


@router.post("/views", status_code=202, response_model=document_of(ViewAnswer))
@raises(
    errors.UnknownProduct,
    errors.EventTimeRefused,
    errors.TooManyInOneView,
    errors.TooManyViews,
    errors.InvalidKey,
    errors.KeyReused,
    errors.KeyInFlight,
    errors.Overloaded,
    RecordRefused,
    BrokerUnavailable,
)
async def record(
    request: Request,
    body: ViewRequest,
    caller: CurrentCaller,
    service: CurrentService,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Records that the caller looked at a product, or put it into the cart. 202 is sent after Kafka has acknowledged the event.

    A customer may add so many views a minute (429), others as many as they like.
    """
    view = RequestedView(body.product_id, body.count, body.occurred_at, body.kind)
    value = idempotency_header.checked(idempotency_key)
    key = None if value is None else Key(value, await request.body())
    answer = await service.record_views.record(caller, view, current_traceparent(), key)
    told = None if caller.for_all else service.view_limits.single.told(caller.account_id)
    return idempotency_header.answered(answer, status=202, headers=told)


@router.post(
    "/views/batch", response_model=document_of(BatchAnswer), responses={503: _UNAVAILABLE}, openapi_extra=_LINES
)
@raises(
    FORBIDDEN,
    errors.NotNdjson,
    errors.UnknownEncoding,
    errors.BodyTooLong,
    errors.BatchTooLong,
    errors.BatchIncomplete,
    errors.TooManyLines,
    errors.InvalidKey,
    errors.KeyReused,
    errors.KeyInFlight,
    errors.Overloaded,
    BrokerUnavailable,
)
async def record_batch(
    request: Request,
    caller: CurrentCaller,
    service: CurrentService,
    create_missing: Annotated[
        bool,
        Query(
            description="create unknown accounts (without login) and products (inactive, without a price); not for customers"
        ),
    ] = False,
    currency: Annotated[Currency | None, Query(description="ISO 4217 currency of products that are created")] = None,
    idempotency_key: IdempotencyKey = None,
) -> Response:
    """Records up to 10,000 views and carts, one JSON document a line; bad lines are refused one by one, the good ones count.

    If Kafka goes away in between, the answer is 503 `batch-incomplete`: `counted` names the lines that count, `unknown` those that
    may, `refused` those that do not. Sent again with the same Idempotency-Key, the batch is finished and no line counts twice;
    lines are known by number and content: refused ones may be corrected, the others have to stay as they were. While a batch is
    being recorded, another one with its key is answered 409. After a 200 the key is good for this body alone.

    A customer may send so many lines a minute (429), others as many as they like.
    """
    if create_missing and not caller.for_all:
        raise Problem(FORBIDDEN, "a customer may not create accounts and products")
    chunks = unpacked(request.stream(), request.headers.get("content-encoding"), max_bytes=MAX_VIEW_BATCH_BYTES)
    body = b"".join([chunk async for chunk in chunks])
    create = CreateMissing(currency) if create_missing else None
    batch = await _read_batch(body, idempotency_header.checked(idempotency_key), create)
    answer = await service.record_views.record_batch(caller, batch)
    if create_missing:
        service.product_pages.forget()
    told = None if caller.for_all else service.view_limits.lines.told(caller.account_id)
    return idempotency_header.answered(answer, headers=told)


async def _read_batch(body: bytes, key: str | None, create: CreateMissing | None) -> Batch:
    lines, refused, digests = [], [], {}
    async for number, line in read_lines(_whole(body)):
        if number > MAX_BATCH_LINES:
            raise BatchTooLong(f"a batch has {MAX_BATCH_LINES} lines at most; send the rest in another one")
        try:
            if isinstance(line, LineRefused):
                raise line
            lines.append((number, parse_line(_decoder, line)))
            digests[number] = digest_of(line)
        except LineRefused as refusal:
            refused.append(RefusedLine.of(number, refusal))
    return Batch(lines, refused, digests, hashlib.sha256(body).digest(), key, current_traceparent(), create)


async def _whole(body: bytes) -> AsyncIterator[bytes]:
    for start in range(0, len(body), UNPACKED_AT_ONCE):
        yield body[start : start + UNPACKED_AT_ONCE]
