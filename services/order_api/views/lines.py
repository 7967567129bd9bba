"""The lines of POST /views/batch, and its answer."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from ordercast.services.order_api.orders.answers import RefusedLine
from ordercast.services.order_api.text import Reference

MAX_BATCH_LINES: Final = 10_000
# One line may add up a lot of views, but a sum of such lines has to stay a bigint.
MAX_COUNT: Final = 1_000_000_000

Id = Annotated[int, Meta(gt=0, le=2**63 - 1)]


class ViewLine(msgspec.Struct, forbid_unknown_fields=True):
    """A line of a batch. Only an admin's may name an account; a product goes by `product_id` or by `sku`."""

    product_id: Id | None = None
    sku: Reference | None = None
    account_id: Id | None = None
    account_ref: Reference | None = None
    count: Annotated[int, Meta(ge=1, le=MAX_COUNT)] = 1
    occurred_at: Annotated[datetime, Meta(tz=True)] | None = None
    simulated: bool = False


class BatchAnswer(msgspec.Struct, frozen=True):
    accepted: int
    refused: list[RefusedLine]
