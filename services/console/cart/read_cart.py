"""A cart with its products as they are now: their names, whether they are sold, and what they cost."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from ordercast.client import Client
from ordercast.client.order_answers import Product
from ordercast.services.console.cart.cart import Cart, Line
from ordercast.services.console.parts import Missing, ask


@dataclass(frozen=True, slots=True)
class CartLine:
    line: Line
    product: Product | Missing

    @property
    def known(self) -> Product | None:
        return None if isinstance(self.product, Missing) else self.product

    @property
    def is_sold(self) -> bool:
        return self.known is not None and self.known.active

    @property
    def costs_otherwise(self) -> bool:
        """Than when it was put into the cart."""
        return self.known is not None and not self.line.costs(self.known)

    @property
    def total(self) -> Decimal:
        return self.line.quantity * (self.known.price if self.known else Decimal(self.line.price))


@dataclass(frozen=True, slots=True)
class CartPage:
    as_of: datetime
    lines: Sequence[CartLine]

    @property
    def products(self) -> list[Product]:
        return [line.known for line in self.lines if line.known]

    @property
    def totals(self) -> dict[str, Decimal]:
        """By currency, of what can be ordered."""
        found: dict[str, Decimal] = {}
        for line in self.lines:
            if line.is_sold and line.known:
                found[line.known.currency] = found.get(line.known.currency, Decimal()) + line.total
        return found

    @property
    def unavailable(self) -> Missing | None:
        """The service that did not tell of a product. That a product is not there is an answer."""
        parts = [line.product for line in self.lines if isinstance(line.product, Missing)]
        return next((part for part in parts if part.kind != "product-not-found"), None)

    @property
    def can_be_ordered(self) -> bool:
        return bool(self.lines) and all(line.is_sold for line in self.lines)


async def read_cart(client: Client, cart: Cart) -> CartPage:
    products = await asyncio.gather(
        *(ask("order_api", client.order_api.product(line.product_id)) for line in cart.lines)
    )
    return CartPage(datetime.now(UTC), [CartLine(*one) for one in zip(cart.lines, products, strict=True)])
