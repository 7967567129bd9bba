"""What the pages of orders are asked, and what their forms send."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

import msgspec
from fastapi import Query
from pydantic import Field

from ordercast.contracts.limits import MAX_ITEMS
from ordercast.services.console.log_in.schemas import Form, HeaderText
from ordercast.services.console.schemas import NONE_IF_EMPTY, TYPED_NUMBER, After, Day, Id, Reference, midnight
from ordercast.services.shared.http.requests import PLAIN_INTEGER

Line = Annotated[int, PLAIN_INTEGER, Query(ge=0, le=MAX_ITEMS)]
# As the form has it: order_api says what is out of bounds.
Pieces = Annotated[int | None, PLAIN_INTEGER, TYPED_NUMBER, NONE_IF_EMPTY]
_After = Annotated[int, PLAIN_INTEGER, Field(ge=0, le=MAX_ITEMS)]


@dataclass(frozen=True, slots=True)
class OrdersQuestion:
    """As GET /orders is asked; days stand for their first moment, UTC."""

    order_ref: Reference = None
    status: Annotated[Literal["PENDING", "CONFIRMED", "CANCELLED"] | None, NONE_IF_EMPTY, Query()] = None
    account_id: Id = None
    product_id: Id = None
    created_from: Day = None
    created_to: Day = None
    updated_from: Day = None
    updated_to: Day = None
    sort: Annotated[Literal["-created_at", "created_at"], Query()] = "-created_at"
    starting_after: Annotated[UUID | None, NONE_IF_EMPTY, Query()] = None

    @property
    def finds_one(self) -> UUID | None:
        """The id of an order, if that was typed in place of the shop's own number."""
        try:
            return UUID(self.order_ref or "")
        except ValueError:
            return None

    @property
    def narrows(self) -> bool:
        """Whether it leaves anything out."""
        return any(
            value is not None for name, value in self.filters().items() if name not in ("sort", "starting_after")
        )

    def filters(self) -> dict[str, Any]:
        """As the API takes them."""
        return {
            "order_ref": self.order_ref,
            "status": self.status,
            "account_id": self.account_id,
            "product_id": self.product_id,
            "sort": self.sort,
            "starting_after": self.starting_after,
            **self.times(),
        }

    def times(self) -> dict[str, datetime | None]:
        days = {name: getattr(self, name) for name in ("created_from", "created_to", "updated_from", "updated_to")}
        return {name: midnight(day) for name, day in days.items()}


@dataclass(frozen=True, slots=True)
class OrderQuestion:
    """Of one order: lines after this one, and of what was done to it."""

    lines_after: Line = 0
    audit_after: After = None


class CancelForm(Form):
    """`all` of what is left, or the pieces that stand beside their lines. The key makes it once, however often it is sent
    within a day. `show`: nothing is cancelled yet, only the lines after this one are shown."""

    key: HeaderText = ""
    what: Literal["all", "some"] = "all"
    line: Annotated[tuple[Annotated[int, PLAIN_INTEGER], ...], Field(max_length=MAX_ITEMS)] = ()
    pieces: Annotated[tuple[Pieces, ...], Field(max_length=MAX_ITEMS)] = ()
    lines_after: _After = 0
    show: _After | None = None

    @property
    def unclear(self) -> Literal["both", "neither"] | None:
        """Why it says nothing that could be done for good: pieces and all, or no pieces."""
        if self.what == "all":
            return "both" if self.typed else None
        return None if self.typed else "neither"

    @property
    def typed(self) -> dict[int, int]:
        """Pieces by line, of the fields that are not empty."""
        return {line: pieces for line, pieces in zip(self.line, self.pieces, strict=False) if pieces is not None}

    @property
    def lines(self) -> dict[int, int] | None:
        return None if self.what == "all" else self.typed

    @property
    def body(self) -> str | None:
        """Of the request that does the same; None where there is none."""
        if self.lines is None:
            return None
        items = [{"line": line, "quantity": pieces} for line, pieces in self.lines.items()]
        return msgspec.json.encode({"items": items}).decode()
