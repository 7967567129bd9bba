"""What somebody wants to order: kept by their browser, until it is ordered.

It is a cookie without a signature: it says nothing that its owner may not change, since prices and products are asked for again
before anything is ordered.
"""

import hashlib
import re
import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Final

from ordercast.client.order_answers import Product
from ordercast.contracts.limits import MAX_BIGINT, MAX_QUANTITY

# With so many lines, of some 45 characters at most, the cookie stays below the 4,096 bytes that browsers keep.
MOST_LINES: Final = 40
_ID_BYTES: Final = 12
_ID: Final = re.compile(r"[A-Za-z0-9_-]{16}")
_LINE: Final = re.compile(r"([0-9]{1,19})-([0-9]{1,7})-([0-9]{1,8}(?:\.[0-9]{1,4})?)([A-Z]{3})", re.ASCII)
_BETWEEN: Final = "~"


@dataclass(frozen=True, slots=True)
class Line:
    """Pieces of a product, and the price that was shown when they were put in."""

    product_id: int
    quantity: int
    price: str
    currency: str

    @classmethod
    def of(cls, product: Product, quantity: int) -> "Line":
        return cls(product.id, quantity, str(product.price), product.currency)

    def costs(self, product: Product) -> bool:
        return (self.price, self.currency) == (str(product.price), product.currency)


@dataclass(frozen=True, slots=True)
class Cart:
    """The lines, each of another product. `id` makes two carts of the same things two orders."""

    id: str
    lines: tuple[Line, ...] = ()

    @classmethod
    def empty(cls) -> "Cart":
        return cls(secrets.token_urlsafe(_ID_BYTES))

    @classmethod
    def read(cls, text: str | None) -> "Cart":
        """That of the cookie; what is no cart is an empty one."""
        name, _, rest = (text or "").partition(_BETWEEN)
        if not _ID.fullmatch(name):
            return cls.empty()
        found = [_LINE.fullmatch(part) for part in rest.split(_BETWEEN)[:MOST_LINES]]
        lines = [Line(int(one[1]), int(one[2]), one[3], one[4]) for one in found if one]
        usable = {line.product_id: line for line in lines if _is_possible(line)}
        return cls(name, tuple(usable.values()))

    def text(self) -> str:
        lines = [f"{line.product_id}-{line.quantity}-{line.price}{line.currency}" for line in self.lines]
        return _BETWEEN.join([self.id, *lines])

    @property
    def is_full(self) -> bool:
        return len(self.lines) >= MOST_LINES

    @property
    def key(self) -> str:
        """Names the order of this cart: the same one, however often it is sent within a day."""
        items = [f"{product_id}:{quantity}" for product_id, quantity in self.items]
        return hashlib.sha256(" ".join([self.id, *items]).encode()).hexdigest()

    @property
    def items(self) -> list[tuple[int, int]]:
        """As an order has them."""
        return [(line.product_id, line.quantity) for line in self.lines]

    def quantity_of(self, product_id: int) -> int:
        return next((line.quantity for line in self.lines if line.product_id == product_id), 0)

    def put(self, line: Line) -> "Cart":
        """With so many pieces more, at its present price."""
        quantity = min(self.quantity_of(line.product_id) + line.quantity, MAX_QUANTITY)
        more = replace(line, quantity=quantity)
        if not self.quantity_of(line.product_id):
            return replace(self, lines=(*self.lines, more))
        return replace(self, lines=tuple(more if one.product_id == line.product_id else one for one in self.lines))

    def with_quantities(self, wanted: Mapping[int, int]) -> "Cart":
        """With other numbers of pieces; a line of none is taken out."""
        changed = [replace(line, quantity=wanted.get(line.product_id, line.quantity)) for line in self.lines]
        return replace(self, lines=tuple(line for line in changed if line.quantity))

    def at_prices_of(self, products: Iterable[Product]) -> "Cart":
        """As its owner has seen it by now."""
        known = {product.id: product for product in products}
        return replace(
            self,
            lines=tuple(
                Line.of(known[line.product_id], line.quantity) if line.product_id in known else line
                for line in self.lines
            ),
        )


def _is_possible(line: Line) -> bool:
    return 1 <= line.quantity <= MAX_QUANTITY and 1 <= line.product_id <= MAX_BIGINT
