"""What the page of predictions is asked."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Query
from pydantic import Field

from ordercast.services.console.forecasts.schemas import Search
from ordercast.services.console.predict.read_prediction import MOST_VIEWS
from ordercast.services.console.schemas import NONE_IF_EMPTY, Id
from ordercast.services.shared.http.requests import PLAIN_INTEGER

_Views = Annotated[int, Field(ge=0, le=MOST_VIEWS)]


@dataclass(frozen=True, slots=True)
class PredictQuestion:
    """Whom and what somebody looks for, which of those that were found, and where the slider stands."""

    account_search: Search = ""
    product_search: Search = ""
    account: Id = None
    product: Id = None
    views: Annotated[_Views | None, PLAIN_INTEGER, NONE_IF_EMPTY, Query()] = None
    up_to: Annotated[Literal["100", "1000", "10000", "100000"] | None, NONE_IF_EMPTY, Query()] = None
