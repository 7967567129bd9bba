"""What goes in at POST /views."""

from typing import Annotated

from pydantic import Field

from ordercast.contracts.limits import MAX_VIEWS
from ordercast.services.order_api.orders.schemas import ProductId
from ordercast.services.order_api.views.lines import ViewKind
from ordercast.services.shared.http.requests import BodyModel, Timestamp


class ViewRequest(BodyModel):
    """A product that the caller looked at, `count` times, by default once and now. A customer's counts 100 at most.

    `kind` is `cart` where the caller put it into the cart: that is no view.
    """

    product_id: ProductId
    count: Annotated[int, Field(ge=1, le=MAX_VIEWS)] = 1
    occurred_at: Timestamp | None = None
    kind: ViewKind = "view"
