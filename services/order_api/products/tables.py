"""Products."""

from datetime import datetime
from decimal import Decimal

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from ordercast.services.shared.db.metadata import Base


class Product(Base):
    """A product with its price of today; orders keep the price that they were placed at. `currency` is ISO 4217.

    One that is not `active` cannot be ordered; what was ordered before stays.
    """

    __tablename__ = "products"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    sku: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    price: Mapped[Decimal]
    currency: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default=text("true"))
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now())

    __table_args__ = (
        CheckConstraint("price >= 0", name="price_not_negative"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency_is_iso_4217"),
    )


class ProductPrice(Base):
    """What a product has cost since when; the highest id is the present price. A trigger writes it (migration 0012)."""

    __tablename__ = "product_prices"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    product_id: Mapped[int] = mapped_column(ForeignKey("products.id"))
    price: Mapped[Decimal]
    currency: Mapped[str]
    valid_from: Mapped[datetime]

    __table_args__ = (Index(None, "product_id", "id"),)
