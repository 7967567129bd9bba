"""The lines of POST /views/batch, and the answers to views."""

from datetime import datetime
from typing import Annotated, Final, Literal, TypeAlias
from uuid import UUID

import msgspec
from msgspec import Meta

from ordercast.contracts.events import ProductCarted, ProductViewed
from ordercast.contracts.limits import MAX_BIGINT, MAX_VIEWS
from ordercast.contracts.text import AccountRef, Name, Sku
from ordercast.services.order_api.refused_lines import RefusedLine

Id = Annotated[int, Meta(gt=0, le=MAX_BIGINT, description="an id: a whole number from 1")]
ViewCount = Annotated[int, Meta(ge=1, le=MAX_VIEWS, description=f"a whole number from 1 to {MAX_VIEWS:,}")]
# What an account did with a product: looked at it, or put it into the cart.
ViewKind: TypeAlias = Literal["view", "cart"]
ViewEvent: TypeAlias = ProductViewed | ProductCarted
EVENT_OF: Final[dict[ViewKind, type[ViewEvent]]] = {"view": ProductViewed, "cart": ProductCarted}


class ViewLine(msgspec.Struct, forbid_unknown_fields=True):
    """A line of a batch. No customer's may name an account: by `account_id`, or by `account_ref` (the shop's reference, or an
    email address; a number is an id). A product goes by `product_id` or by `sku`; `name` is for one that is created."""

    product_id: Id | None = None
    sku: Sku | None = None
    account_id: Id | None = None
    account_ref: AccountRef | Id | None = None
    name: Name | None = None
    count: ViewCount = 1
    occurred_at: Annotated[datetime, Meta(tz=True)] | None = None
    simulated: bool = False
    kind: ViewKind = "view"

    def __post_init__(self) -> None:
        self.sku = self.sku and self.sku.strip()
        self.name = self.name and self.name.strip()


class ViewAnswer(msgspec.Struct, frozen=True):
    """The id of the event that was published."""

    event_id: UUID


class BatchAnswer(msgspec.Struct, frozen=True):
    accepted: int
    refused: list[RefusedLine]


class IncompleteBatch(msgspec.Struct, frozen=True):
    """What became of the lines of a batch that was cut off, by number."""

    accepted: Annotated[int, Meta(description="How many lines count.")]
    counted: Annotated[list[int], Meta(description="The lines that count.")]
    unknown: Annotated[list[int], Meta(description="The lines that may count, or not.")]
    refused: Annotated[list[RefusedLine], Meta(description="The lines that do not count, each with its reason.")]
