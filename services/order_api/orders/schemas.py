"""What goes in at POST /orders."""

from typing import Annotated

from pydantic import Field

from ordercast.contracts.limits import MAX_BIGINT, MAX_ITEMS, MAX_QUANTITY
from ordercast.services.shared.http.requests import RequestModel

ProductId = Annotated[int, Field(gt=0, le=MAX_BIGINT)]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class ItemRequest(RequestModel):
    product_id: ProductId
    quantity: Quantity


class PlaceOrderRequest(RequestModel):
    items: Annotated[list[ItemRequest], Field(min_length=1, max_length=MAX_ITEMS)]
