"""What goes in and out at /products."""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, Field, WithJsonSchema

from ordercast.contracts.currencies import CURRENCIES
from ordercast.contracts.text import MAX_NAME, MAX_SKU
from ordercast.services.order_api.money import shown
from ordercast.services.order_api.products.tables import Product, ProductPrice
from ordercast.services.shared.http.requests import BodyModel, ChangeModel, OneLine

# What the column MONEY holds: 8 digits before and 4 after the point.
_PRICE: Final = re.compile(r"\d{1,8}(\.\d{1,4})?", re.ASCII)


def _parse_price(value: object) -> Decimal:
    # A JSON number is refused: on its way through a float, 0.1 is no longer 0.1.
    if not isinstance(value, str) or not _PRICE.fullmatch(value):
        raise ValueError('must be a string such as "12.50": 0 or more, below 100000000, at most 4 decimals')
    return Decimal(value)


def _known_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError('must be a currency code of ISO 4217, such as "EUR"')
    return code


Price = Annotated[
    Decimal,
    BeforeValidator(_parse_price),
    WithJsonSchema({"type": "string", "pattern": f"^{_PRICE.pattern}$", "maxLength": 13, "examples": ["12.50"]}),
]
Currency = Annotated[str, AfterValidator(_known_currency), Field(examples=["EUR"], json_schema_extra={"maxLength": 3})]
Sku = Annotated[str, OneLine(max_length=MAX_SKU)]
Name = Annotated[str, OneLine(max_length=MAX_NAME)]


class NewProduct(BodyModel):
    sku: Sku
    name: Name
    price: Price
    currency: Currency
    active: bool = True


class ProductChange(ChangeModel):
    """The fields to change; the others stay as they are. Orders keep the price that they were placed at."""

    sku: Sku | None = None
    name: Name | None = None
    price: Price | None = None
    currency: Currency | None = None
    active: bool | None = None


class ProductAnswer(BaseModel):
    """`price` is a decimal string in `currency`. A product that is not `active` cannot be ordered."""

    id: int
    sku: str
    name: str
    price: str = Field(examples=["12.50"])
    currency: str
    active: bool
    created_at: datetime
    updated_at: datetime

    @classmethod
    def of(cls, product: Product) -> "ProductAnswer":
        return cls(
            id=product.id,
            sku=product.sku,
            name=product.name,
            price=str(shown(product.price)),
            currency=product.currency,
            active=product.active,
            created_at=product.created_at,
            updated_at=product.updated_at,
        )


class PriceAnswer(BaseModel):
    """A price and when it came to be; it was valid until the next one."""

    id: int
    price: str = Field(examples=["12.50"])
    currency: str
    valid_from: datetime

    @classmethod
    def of(cls, row: ProductPrice) -> "PriceAnswer":
        return cls(id=row.id, price=str(shown(row.price)), currency=row.currency, valid_from=row.valid_from)
