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


async def change_product(client: Client, product_id: int, typed: ProductValues, known: str) -> Product | Missing:
    """The product as it is now. `known` is the ETag of what the form was made of.

    Raises:
        LoggedOut: the account's tokens are good no longer.
    """
    found = await ask("order_api", client.edits.product(product_id))
    if isinstance(found, Missing):
        return found
    product, etag = found
    changes = typed.changes(product)
    if known == etag and not changes:
        return product
    # Of what somebody else has changed meanwhile nothing is told apart here: order_api refuses it.
    changing = client.edits.change_product(product_id, known, **(changes or asdict(typed)))
    return await ask("order_api", changing, within_s=ACTION_DEADLINE_S)
