"""Reads products."""

from collections.abc import Sequence

from sqlalchemy import select

from ordercast.services.order_api.errors import ProductNotFound
from ordercast.services.order_api.products.tables import Product
from ordercast.services.shared.db.cut_page import cut_page
from ordercast.services.shared.db.engine import Sessions


async def read_product(sessions: Sessions, product_id: int) -> Product:
    """
    Raises:
        ProductNotFound: there is none with this id.
    """
    async with sessions() as session:
        product = await session.get(Product, product_id)
    if product is None:
        raise ProductNotFound(f"there is no product {product_id}")
    return product


async def read_products(
    sessions: Sessions, *, limit: int, starting_after: int | None
) -> tuple[Sequence[Product], bool]:
    """A page of the products in the order in which they were added, and whether more follow."""
    query = select(Product).where(Product.id > (starting_after or 0)).order_by(Product.id).limit(limit + 1)
    async with sessions() as session:
        return cut_page((await session.scalars(query)).all(), limit)
