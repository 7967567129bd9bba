"""What the cart's page is asked, and what its form sends."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from ordercast.services.console.cart.cart import MOST_LINES, Cart
from ordercast.services.console.cart.quantities import quantity_of
from ordercast.services.console.log_in.schemas import Form, Text
from ordercast.services.shared.http.requests import MAX_ID, PLAIN_INTEGER


@dataclass(frozen=True, slots=True)
class CartQuestion:
    """`untold`: order_api was not told of what was put in."""

    untold: Annotated[bool, Query()] = False


class CartForm(Form):
    """A line in each place: the product, the pieces as they were typed, and the price that the page showed. `next` is where whoever
    is not logged in goes on."""

    next: Literal["log-in", "sign-up"] = "log-in"
    product: Annotated[
        list[Annotated[int, PLAIN_INTEGER, Field(ge=1, le=MAX_ID)]], Field(default_factory=list, max_length=MOST_LINES)
    ]
    quantity: Annotated[list[Text], Field(default_factory=list, max_length=MOST_LINES)]
    price: Annotated[list[Text], Field(default_factory=list, max_length=MOST_LINES)]

    @property
    def typed(self) -> dict[int, str]:
        return dict(zip(self.product, self.quantity, strict=False))

    @property
    def shown_prices(self) -> dict[int, str]:
        return dict(zip(self.product, self.price, strict=False))

    @property
    def wrong(self) -> set[int]:
        """The products whose quantity is none."""
        return {product for product, text in self.typed.items() if quantity_of(text) is None}

    def changed(self, cart: Cart) -> Cart:
        """The cart with what was typed, where that is a number."""
        numbers = {product: quantity_of(text) for product, text in self.typed.items()}
        return cart.with_quantities({product: number for product, number in numbers.items() if number is not None})
