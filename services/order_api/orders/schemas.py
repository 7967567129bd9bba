"""What goes in at POST /orders."""

from typing import Annotated

from pydantic import Field

from ordercast.services.order_api.orders.limits import MAX_ITEMS, MAX_QUANTITY
from ordercast.services.shared.http.requests import RequestModel

ProductId = Annotated[int, Field(gt=0, le=2**63 - 1)]
Quantity = Annotated[int, Field(ge=1, le=MAX_QUANTITY)]


class ItemRequest(RequestModel):
    product_id: ProductId
    quantity: Quantity


class PlaceOrderRequest(RequestModel):
    items: Annotated[list[ItemRequest], Field(min_length=1, max_length=MAX_ITEMS)]
