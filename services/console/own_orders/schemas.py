"""What the pages of one's own orders are asked."""

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import Query

from ordercast.services.console.schemas import NONE_IF_EMPTY


@dataclass(frozen=True, slots=True)
class OrdersQuestion:
    starting_after: Annotated[UUID | None, NONE_IF_EMPTY, Query()] = None


@dataclass(frozen=True, slots=True)
class OrderQuestion:
    """`placed`: it was just ordered."""

    placed: Annotated[bool, Query()] = False
