"""Changes a product as somebody typed it, unless somebody else changed it since then."""

from dataclasses import asdict, dataclass
from typing import Any, Self

import msgspec

from ordercast.client import Client
from ordercast.client.order_answers import Product
from ordercast.services.console.parts import ACTION_DEADLINE_S, Missing, ask


@dataclass(frozen=True, slots=True)
class ProductValues:
    """All that can be typed of a product, as the API takes it."""

    sku: str
    name: str
    price: str
    currency: str
    active: bool

    @classmethod
    def of(cls, product: Product) -> Self:
        return cls(product.sku, product.name, str(product.price), product.currency, product.active)

    def changes(self, product: Product) -> dict[str, Any]:
        """What is otherwise than it is now: nothing else is sent, so that what another changes meanwhile stays."""
        now = asdict(ProductValues.of(product))
        return {name: value for name, value in asdict(self).items() if value != now[name]}

    def body(self, product: Product | None = None) -> str:
        """Of the request that does the same, as it stands within single quotes of a shell."""
        told = asdict(self) if product is None else self.changes(product) or asdict(self)
        return msgspec.json.encode(told).decode().replace("'", "\\u0027")


@dataclass(frozen=True, slots=True)
class Outdated:
    """Nothing was sent: the product is no longer as whoever typed has seen it."""

    status: int = 409


def last_change(product: Product) -> str:
    """What the form brings back as `known`."""
    return product.updated_at.isoformat() if product.updated_at else ""


async def change_product(
    client: Client, product_id: int, typed: ProductValues, known: str
) -> Product | Missing | Outdated:
    """The product as it is now. `known` is when it had last changed as the form was made.

    Raises:
        LoggedOut: the account's tokens are good no longer.
    """
    product = await ask("order_api", client.order_api.product(product_id))
    if isinstance(product, Missing):
        return product
    if known != last_change(product):
        return Outdated()
    changes = typed.changes(product)
    if not changes:
        return product
    return await ask("order_api", client.order_api.change_product(product_id, **changes), within_s=ACTION_DEADLINE_S)
