"""What the pages of forecasts are asked."""

from dataclasses import dataclass
from typing import Annotated, Literal

from fastapi import Query
from pydantic import StringConstraints

from ordercast.services.console.schemas import After
from ordercast.services.shared.http.requests import PLAIN_INTEGER, PLAIN_NUMBER, WITHOUT_NUL

Search = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True), WITHOUT_NUL, Query()]
Weeks = Annotated[int, PLAIN_INTEGER, Query(ge=1, le=8)]
ServiceLevel = Annotated[float, PLAIN_NUMBER, Query(ge=0.5, le=0.99)]


@dataclass(frozen=True, slots=True)
class ProductQuestion:
    """Of one product; with `past` also what would have been said so many weeks ago."""

    weeks: Weeks = 4
    service_level: ServiceLevel = 0.95
    past: Annotated[int, PLAIN_INTEGER, Query(ge=0, le=8)] = 0


@dataclass(frozen=True, slots=True)
class ForecastsQuestion:
    """Of all products, or of those with a part of their name or SKU."""

    search: Search = ""
    weeks: Weeks = 4
    service_level: ServiceLevel = 0.95
    sort: Annotated[Literal["-expected", "id"], Query()] = "-expected"
    starting_after: After = None
