"""What goes in and out at POST /views and POST /views/batch."""

from datetime import datetime
from typing import Annotated, Final
from uuid import UUID

import msgspec
from msgspec import Meta
from pydantic import BaseModel, Field

from ordercast.services.order_api.orders.schemas import ProductId, RefusedLine, RefusedLineDocument
from ordercast.services.order_api.text import Reference
from ordercast.services.shared.http.requests import RequestModel, Timestamp

MAX_BATCH_LINES: Final = 10_000
# A batch of 10,000 full lines with references has some 3 MB.
MAX_BATCH_BYTES: Final = 8_000_000
# One line may add up a lot of views, but a sum of such lines has to stay a bigint.
MAX_COUNT: Final = 1_000_000_000

Id = Annotated[int, Meta(gt=0, le=2**63 - 1)]


class ViewRequest(RequestModel):
    """A product that the caller looked at, `count` times, by default once and now."""

    product_id: ProductId
    count: Annotated[int, Field(ge=1, le=MAX_COUNT)] = 1
    occurred_at: Timestamp | None = None


class ViewLine(msgspec.Struct, forbid_unknown_fields=True):
    """A line of a batch. Only an admin's may name an account; a product goes by `product_id` or by `sku`."""

    product_id: Id | None = None
    sku: Reference | None = None
    account_id: Id | None = None
    account_ref: Reference | None = None
    count: Annotated[int, Meta(ge=1, le=MAX_COUNT)] = 1
    occurred_at: Annotated[datetime, Meta(tz=True)] | None = None
    simulated: bool = False


class ViewAnswer(BaseModel):
    """The id of the event that was published."""

    event_id: UUID


class BatchAnswer(msgspec.Struct, frozen=True):
    accepted: int
    refused: list[RefusedLine]


class BatchDocument(BaseModel):
    """BatchAnswer for the API's documentation."""

    accepted: int
    refused: list[RefusedLineDocument]
