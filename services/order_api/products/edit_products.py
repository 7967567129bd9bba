"""Adds products and changes them."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy import func, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from ordercast.services.order_api.errors import ProductNotFound, SkuTaken
from ordercast.services.order_api.products.tables import Product
from ordercast.services.shared.audit.record import record_act
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller


async def add_product(
    sessions: Sessions, by: Caller, *, sku: str, name: str, price: Decimal, currency: str, active: bool
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
        record_act(session, "product-added", by, f"products/{product.id}", price=str(price), active=active)
    return product


async def change_product(sessions: Sessions, by: Caller, product_id: int, values: Mapping[str, Any]) -> Product:
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
            if product is None:
                raise ProductNotFound(f"there is no product {product_id}")
            changed = {name: value if isinstance(value, bool) else str(value) for name, value in values.items()}
            record_act(session, "product-changed", by, f"products/{product_id}", **changed)
    except IntegrityError as error:
        # The one constraint that a checked change can still violate.
        raise _sku_taken() from error
    return product


def _sku_taken() -> SkuTaken:
    return SkuTaken("the SKU belongs to another product", fields={"sku": "belongs to another product"})
