"""Adds products and changes them."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError

from ordercast.contracts.because import sentence
from ordercast.services.order_api.errors import ProductChanged, ProductNotFound, SkuTaken
from ordercast.services.order_api.products.tables import Product
from ordercast.services.shared.audit.record import record_act
from ordercast.services.shared.db.engine import Sessions
from ordercast.services.shared.http.caller import Caller
from ordercast.services.shared.http.entity_tags import entity_tag, fits


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


def tag_of(updated_at: datetime) -> str:
    """Of a product that last changed then: no two changes have the same moment."""
    return entity_tag(updated_at.isoformat())


async def change_product(
    sessions: Sessions, by: Caller, product_id: int, values: Mapping[str, Any], if_match: str | None = None
) -> Product:
    """The product as it is now, committed. `values` are those of the columns that change, `if_match` the header.

    Raises:
        ProductNotFound: there is none with this id.
        ProductChanged: it is not as `if_match` names it.
        SkuTaken: another product has the new SKU.
    """
    try:
        async with sessions() as session, session.begin():
            known = await session.scalar(select(Product.updated_at).where(Product.id == product_id))
            if known is None:
                raise ProductNotFound(sentence("no-product", product=str(product_id)))
            change = update(Product).where(Product.id == product_id)
            if if_match is not None:
                if not fits(if_match, tag_of(known)):
                    raise _product_changed()
                # Whoever changes it between the two statements is noticed here.
                change = change.where(Product.updated_at == known)
            product: Product | None = await session.scalar(
                change.values(**values, updated_at=func.clock_timestamp()).returning(Product)
            )
            if product is None:
                raise _product_changed()
            changed = {name: value if isinstance(value, bool) else str(value) for name, value in values.items()}
            record_act(session, "product-changed", by, f"products/{product_id}", **changed)
    except IntegrityError as error:
        # The one constraint that a checked change can still violate.
        raise _sku_taken() from error
    return product


def _product_changed() -> ProductChanged:
    return ProductChanged(sentence("product-changed"))


def _sku_taken() -> SkuTaken:
    return SkuTaken(sentence("sku-taken"), fields={"sku": "belongs to another product"})
