"""/products: read by all, written by admins."""

from fastapi import APIRouter

from ordercast.services.order_api.products.edit_products import add_product, change_product
from ordercast.services.order_api.products.read_products import read_product, read_products
from ordercast.services.order_api.products.schemas import NewProduct, ProductAnswer, ProductChange
from ordercast.services.order_api.wiring import CurrentService
from ordercast.services.shared.http.authentication import CurrentAdmin
from ordercast.services.shared.http.paging import DEFAULT_LIMIT, Limit, Page, StartingAfter
from ordercast.services.shared.http.requests import PathId

router = APIRouter(tags=["products"])


@router.post("/products", status_code=201)
async def add(body: NewProduct, _: CurrentAdmin, service: CurrentService) -> ProductAnswer:
    """Adds a product; its SKU is its own: 409."""
    return ProductAnswer.of(await add_product(service.sessions, **body.model_dump()))


@router.patch("/products/{product_id}")
async def change(product_id: PathId, body: ProductChange, _: CurrentAdmin, service: CurrentService) -> ProductAnswer:
    """Changes the fields that the body names. A product that is not active cannot be ordered, from this answer on."""
    return ProductAnswer.of(await change_product(service.sessions, product_id, body.model_dump(exclude_unset=True)))


@router.get("/products")
async def list_products(
    service: CurrentService, limit: Limit = DEFAULT_LIMIT, starting_after: StartingAfter = None
) -> Page[ProductAnswer]:
    """All products, in the order in which they were added."""
    products, has_more = await read_products(service.sessions, limit=limit, starting_after=starting_after)
    return Page(data=[ProductAnswer.of(product) for product in products], has_more=has_more)


@router.get("/products/{product_id}")
async def get_product(product_id: PathId, service: CurrentService) -> ProductAnswer:
    """One product."""
    return ProductAnswer.of(await read_product(service.sessions, product_id))
