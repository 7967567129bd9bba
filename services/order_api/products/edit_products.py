"""Adds products and changes them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from ordercast.services.order_api.errors import ProductNotFound, SkuTaken
from ordercast.services.order_api.products.tables import Product
from ordercast.services.shared.db.engine import Sessions


async def add_product(
    sessions: Sessions, *, sku: str, name: str, price: Decimal, currency: str, active: bool
) -> Product:
    """The product, committed.

    Raises:
        SkuTaken: another product has the SKU.
    """
    async with sessions() as session, session.begin():
        product: Product | None = await session.scalar(
            insert(Product)
            .values(sku=sku, name=name, price=price, currency=currency, active=active)
            .on_conflict_do_nothing()
            .returning(Product)
        )
    if product is None:
        raise _sku_taken()
    return product


async def change_product(sessions: Sessions, product_id: int, values: Mapping[str, Any]) -> Product:
    """The product as it is now, committed. `values` are those of the columns that change.

    Raises:
        ProductNotFound: there is none with this id.
        SkuTaken: another product has the new SKU.
    """
    try:
        async with sessions() as session, session.begin():
            product: Product | None = await session.scalar(
                update(Product)
                .where(Product.id == product_id)
                .values(**values, updated_at=func.now())
                .returning(Product)
            )
    except IntegrityError as error:
        # The one constraint that a checked change can still violate.
        raise _sku_taken() from error
    if product is None:
        raise ProductNotFound(f"there is no product {product_id}")
    return product


def _sku_taken() -> SkuTaken:
    return SkuTaken("the SKU belongs to another product", fields={"sku": "belongs to another product"})
