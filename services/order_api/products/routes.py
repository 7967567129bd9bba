"""/products: read by all, written by the shop."""

from typing import Annotated, Final

from fastapi import APIRouter, Path, Query, Request, Response
from starlette.responses import StreamingResponse

from ordercast.contracts.text import MAX_SKU
from ordercast.services.order_api import errors
from ordercast.services.order_api.ndjson import unpacked
from ordercast.services.order_api.ndjson_document import ndjson_body, nothing_came_in
from ordercast.services.order_api.products.edit_products import add_product, change_product, tag_of
from ordercast.services.order_api.products.import_products import ImportedProducts, import_products
from ordercast.services.order_api.products.read_products import find_product, read_prices, read_product, read_products
from ordercast.services.order_api.products.schemas import NewProduct, PriceAnswer, ProductAnswer, ProductChange
from ordercast.services.order_api.refused_lines import answer_of_import
from ordercast.services.order_api.wiring import CurrentService
from ordercast.services.shared.http.authentication import CurrentCaller
from ordercast.services.shared.http.documents import document_of
from ordercast.services.shared.http.if_match import TAGGED, IfMatch
from ordercast.services.shared.http.paging import DEFAULT_LIMIT, Ids, Limit, Page, StartingAfter, ids_of
from ordercast.services.shared.http.raises import raises
from ordercast.services.shared.http.requests import PathId, StoredText

router = APIRouter(tags=["products"])

_LINES: Final = ndjson_body(
    "One product a line, as UTF-8; `active` may be left out. It may come with Content-Encoding: gzip.",
    {"sku": "MUG-1", "name": "Mug", "price": "12.50", "currency": "EUR", "active": True},
)


@router.post("/products", status_code=201)
@raises(errors.SkuTaken)
async def add(body: NewProduct, caller: CurrentCaller, service: CurrentService, response: Response) -> ProductAnswer:
    """Adds a product; its SKU is its own: 409."""
    product = await add_product(service.sessions, caller, **body.model_dump())
    service.product_pages.forget()
    response.headers["Location"] = f"/products/{product.id}"
    return ProductAnswer.of(product)


@router.post(
    "/products/import",
    response_model=document_of(ImportedProducts),
    responses=nothing_came_in(document_of(ImportedProducts)),
    openapi_extra=_LINES,
)
@raises(errors.NotNdjson, errors.UnknownEncoding, errors.NoRoomForReport)
async def import_catalogue(request: Request, caller: CurrentCaller, service: CurrentService) -> Response:
    """Adds the products of NDJSON lines, of any number, and changes those whose SKU is there; bad lines are refused one by one.

    Lines are committed as they come; after a cut, send the whole again: what is as it should be counts as unchanged. A line
    without `active` leaves that as it is.
    """
    body = unpacked(request.stream(), request.headers.get("content-encoding"))
    answer = await answer_of_import(lambda refused: import_products(service.sessions, caller, body, refused))
    service.product_pages.forget()
    return StreamingResponse(answer.pieces, answer.status, media_type="application/json")


@router.patch("/products/{product_id}", responses=TAGGED)
@raises(errors.ProductNotFound, errors.ProductChanged, errors.SkuTaken)
async def change(
    product_id: PathId,
    body: ProductChange,
    caller: CurrentCaller,
    service: CurrentService,
    response: Response,
    if_match: IfMatch = None,
) -> ProductAnswer:
    """Changes the fields that the body names. A product that is not active cannot be ordered, from this answer on.

    With If-Match only if nobody else has changed it since the answer with that ETag: 412.
    """
    values = body.model_dump(exclude_unset=True)
    product = await change_product(service.sessions, caller, product_id, values, if_match)
    service.product_pages.forget()
    response.headers["ETag"] = tag_of(product.updated_at)
    return ProductAnswer.of(product)


@router.get("/products")
async def list_products(
    service: CurrentService,
    search: Annotated[
        StoredText | None, Query(min_length=1, max_length=200, description="a part of the name or SKU, however cased")
    ] = None,
    active: Annotated[bool | None, Query(description="only those on sale, or only those that are not")] = None,
    ids: Ids | None = None,
    limit: Limit = DEFAULT_LIMIT,
    starting_after: StartingAfter = None,
) -> Page[ProductAnswer]:
    """All products, or those that the filters leave, in the order in which they were added.

    A page may be a second old; not after a change that this process has answered.
    """
    products, has_more = await service.product_pages.get(
        (limit, starting_after, search, active, ids),
        lambda: read_products(
            service.reading,
            limit=limit,
            starting_after=starting_after,
            search=search,
            active=active,
            ids=ids_of(ids) if ids else None,
        ),
    )
    return Page(data=[ProductAnswer.of(product) for product in products], has_more=has_more)


# Before the paths with an id: a SKU may have slashes, and be called "prices".
@router.get("/products/by-sku/{sku:path}", responses=TAGGED)
@raises(errors.ProductNotFound)
async def get_product_by_sku(
    sku: Annotated[StoredText, Path(max_length=MAX_SKU, description="percent-encoded; it may have slashes")],
    service: CurrentService,
    response: Response,
) -> ProductAnswer:
    """The product with this SKU, to the letter."""
    product = await find_product(service.reading, sku)
    response.headers["ETag"] = tag_of(product.updated_at)
    return ProductAnswer.of(product)


@router.get("/products/{product_id}", responses=TAGGED)
@raises(errors.ProductNotFound)
async def get_product(product_id: PathId, service: CurrentService, response: Response) -> ProductAnswer:
    """One product. Its ETag goes into If-Match of a change."""
    product = await read_product(service.reading, product_id)
    response.headers["ETag"] = tag_of(product.updated_at)
    return ProductAnswer.of(product)


@router.get("/products/{product_id}/prices")
@raises(errors.ProductNotFound)
async def list_prices(
    product_id: PathId, service: CurrentService, limit: Limit = DEFAULT_LIMIT, starting_after: StartingAfter = None
) -> Page[PriceAnswer]:
    """What the product costs and has cost, the present price first. An order keeps the price that it was placed at."""
    prices, has_more = await read_prices(service.reading, product_id, limit=limit, starting_after=starting_after)
    return Page(data=[PriceAnswer.of(price) for price in prices], has_more=has_more)
