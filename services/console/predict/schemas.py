"""What the page of predictions is asked."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Query

from ordercast.services.console.forecasts.schemas import Search
from ordercast.services.console.predict.read_prediction import MOST_VIEWS
from ordercast.services.shared.http.requests import MAX_ID, PLAIN_INTEGER

Id = Annotated[int | None, PLAIN_INTEGER, Query(ge=1, le=MAX_ID)]


@dataclass(frozen=True, slots=True)
class PredictQuestion:
    """Whom and what somebody looks for, which of those that were found, and where the slider stands."""

    account_search: Search = ""
    product_search: Search = ""
    account: Id = None
    product: Id = None
    views: Annotated[int | None, PLAIN_INTEGER, Query(ge=0, le=MOST_VIEWS)] = None
    up_to: Annotated[Literal["100", "1000", "10000", "100000"] | None, Query()] = None
