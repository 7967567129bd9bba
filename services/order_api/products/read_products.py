"""Reads products and what they cost before."""

from collections.abc import Collection, Sequence

from sqlalchemy import or_, select

from ordercast.contracts.because import sentence
from ordercast.services.order_api.errors import ProductNotFound
from ordercast.services.order_api.products.tables import Product, ProductPrice
from ordercast.services.order_api.references import one_of_ids
from ordercast.services.shared.db.cut_page import cut_page
from ordercast.services.shared.db.engine import Sessions

ProductPage = tuple[Sequence[Product], bool]


async def read_product(sessions: Sessions, product_id: int) -> Product:
    """
    Raises:
        ProductNotFound: there is none with this id.
    """
    async with sessions() as session:
        product = await session.get(Product, product_id)
    if product is None:
        raise _not_found(product_id)
    return product


async def find_product(sessions: Sessions, sku: str) -> Product:
    """
    Raises:
        ProductNotFound: there is none with this SKU, to the letter.
    """
    async with sessions() as session:
        product: Product | None = await session.scalar(select(Product).where(Product.sku == sku))
    if product is None:
        raise ProductNotFound(sentence("no-product-of-sku", sku=repr(sku[:255])))
    return product


async def read_products(
    sessions: Sessions,
    *,
    limit: int,
    starting_after: int | None,
    search: str | None,
    active: bool | None,
    ids: Collection[int] | None = None,
) -> ProductPage:
    """A page of the products in the order in which they were added, and whether more follow.

    `search` is any part of the name or of the SKU, however cased; `%` and `_` in it stand for themselves.
    """
    query = select(Product).where(Product.id > (starting_after or 0)).order_by(Product.id).limit(limit + 1)
    if search is not None:
        query = query.where(
            or_(Product.name.icontains(search, autoescape=True), Product.sku.icontains(search, autoescape=True))
        )
    if active is not None:
        query = query.where(Product.active.is_(active))
    if ids is not None:
        query = query.where(one_of_ids(Product.id, ids))
    async with sessions() as session:
        return cut_page((await session.scalars(query)).all(), limit)


async def read_prices(
    sessions: Sessions, product_id: int, *, limit: int, starting_after: int | None
) -> tuple[Sequence[ProductPrice], bool]:
    """A page of a product's prices, the present one first, and whether more follow.

    Raises:
        ProductNotFound: there is none with this id.
    """
    query = select(ProductPrice).where(ProductPrice.product_id == product_id).order_by(ProductPrice.id.desc())
    if starting_after is not None:
        query = query.where(ProductPrice.id < starting_after)
    async with sessions() as session:
        page = cut_page((await session.scalars(query.limit(limit + 1))).all(), limit)
        if not page[0] and await session.get(Product, product_id) is None:
            raise _not_found(product_id)
    return page


def _not_found(product_id: int) -> ProductNotFound:
    return ProductNotFound(sentence("no-product", product=str(product_id)))
